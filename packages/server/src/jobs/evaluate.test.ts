import { expect, test } from 'bun:test';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';
import { logId, logRecord } from '../stores/contract/index.ts';
import type { LogBodies, LogRecord } from '../stores/log-ports.ts';
import { createEvaluationJob } from './index.ts';

let gatewayKey = '';

function row({ clock }: ApiFixture, n: number, agoMs: number): LogRecord {
  const createdAtMs = clock.nowMs() - agoMs;
  return logRecord({ gatewayKey, createdAtMs, id: logId(createdAtMs, n), responseContentType: 'application/json' });
}

/** A fixture with some logs and one evaluation that nobody works on. */
async function waiting(logs = 1, agoMs = (n: number) => n, evaluation_type_ids = ['speed']) {
  const fixture = await apiFixture();
  await fixture.evaluations.stop();
  const gateway = await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } });
  gatewayKey = gateway.result.internal_id;
  for (let n = 0; n < logs; n++) await fixture.logs.append(row(fixture, n, agoMs(n)), null, null);
  const params = { gateway_id: 'g' };
  const dataset = await fixture.call('datasets.create', { params, body: { name: 'd', enable: true, filters: [] } });
  const body = { name: 'e', dataset_ids: [dataset.result.id], evaluation_type_ids };
  const { id } = (await fixture.call('evaluations.create', { params, body })).result;
  const shown = async () => (await fixture.call('evaluations.get', { params: { ...params, id } })).result;
  const processed = async (): Promise<boolean> => (await shown()).processed;
  const job = createEvaluationJob({ ...fixture, report: (error) => fixture.reported.push(error) });
  return {
    fixture,
    job,
    shown,
    processed,
    remove: () => fixture.call('evaluations.delete', { params: { ...params, id } }),
  };
}

test('what an earlier process left undone is done at start', async () => {
  const { job, processed } = await waiting();
  expect(await processed()).toBe(false);
  job.wake();
  await job.idle();
  expect(await processed()).toBe(true);
});

test('a job that was stopped leaves the evaluation for the next start', async () => {
  const { fixture, job, processed } = await waiting();
  const { list } = fixture.logs;
  let stopping: Promise<void> | null = null;
  fixture.logs.list = (query) => {
    stopping = job.stop();
    return list.call(fixture.logs, query);
  };
  job.wake();
  await job.idle();
  expect(stopping).not.toBeNull();
  expect(await processed()).toBe(false);
});

test('while it runs, progress shows; another evaluation has none', async () => {
  const { fixture, job, shown } = await waiting(1200);
  fixture.deps.evaluationProgress = (id) => job.progress(id);
  const seen: unknown[] = [];
  const { list } = fixture.logs;
  fixture.logs.list = async (query) => {
    const { total_logs, results } = await shown();
    seen.push([total_logs, results[0].status, results[0].status_description]);
    return list.call(fixture.logs, query);
  };
  expect((await shown()).results[0].status_description).toBe('waiting');
  job.wake();
  await job.idle();
  expect(seen).toEqual([
    [0, 0, 'running: 0 of 0 logs'],
    [0, 0, 'running: 0 of 1200 logs'],
    [500, 0, 'running: 500 of 1200 logs'],
    [999, 0, 'running: 999 of 1200 logs'],
  ]);
  expect(await shown()).toMatchObject({ total_logs: 1200, results: [{ status: 1, status_description: 'done' }] });
});

test('many logs of one millisecond, across pages, count once each', async () => {
  const { fixture, job, shown } = await waiting(1700, () => 0);
  await fixture.logs.append(row(fixture, 5000, 1), null, null);
  job.wake();
  await job.idle();
  expect((await shown()).total_logs).toBe(1701);
});

test('pages go by time: none is far into a list', async () => {
  const { fixture, job } = await waiting(3000);
  const pages: number[] = [];
  const { list } = fixture.logs;
  fixture.logs.list = (query) => {
    pages.push(query.page);
    return list.call(fixture.logs, query);
  };
  job.wake();
  await job.idle();
  expect(Math.max(...pages)).toBe(1);
});

const CHAT = (content: string | null) =>
  new TextEncoder().encode(JSON.stringify({ choices: [{ message: { role: 'assistant', content } }] }));

test.each<[string, LogBodies | null, string, number]>([
  ['an answer in one piece', { request: null, response: CHAT('{"a":1}'), responseText: null }, '100', 1],
  ['a stream', { request: null, response: CHAT('not this'), responseText: '[]' }, '100', 1],
  ['no text in the answer', { request: null, response: CHAT(null), responseText: null }, '', 0],
  ['no answer kept', { request: CHAT('{}'), response: null, responseText: null }, '', 0],
  ['no bodies kept', null, '', 0],
])('the text of an answer is read: %s', async (_, bodies, result, total_logs) => {
  const { fixture, job, shown } = await waiting(0, () => 0, ['json_validity']);
  await fixture.logs.append(row(fixture, 1, 0), bodies, null);
  job.wake();
  await job.idle();
  expect((await shown()).results).toMatchObject([{ result, total_logs }]);
});

test('an evaluation that is deleted while it is worked on is no error', async () => {
  const { fixture, job, remove } = await waiting();
  const { list } = fixture.logs;
  fixture.logs.list = async (query) => {
    await remove();
    return list.call(fixture.logs, query);
  };
  job.wake();
  await job.idle();
  expect(fixture.reported).toEqual([]);
});
