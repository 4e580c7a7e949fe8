import { expect, test } from 'bun:test';
import { apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';
import { logRecord } from '../stores/contract/index.ts';
import { createEvaluationJob } from './index.ts';

/** A fixture with one evaluation that nobody works on. */
async function waiting() {
  const fixture = await apiFixture();
  await fixture.evaluations.stop();
  const gateway = await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } });
  await fixture.logs.append(logRecord({ gatewayKey: gateway.result.internal_id }), null, null);
  const params = { gateway_id: 'g' };
  const dataset = await fixture.call('datasets.create', { params, body: { name: 'd', enable: true, filters: [] } });
  const body = { name: 'e', dataset_ids: [dataset.result.id], evaluation_type_ids: ['speed'] };
  const { id } = (await fixture.call('evaluations.create', { params, body })).result;
  const processed = async () =>
    (await fixture.call('evaluations.get', { params: { ...params, id } })).result.processed as boolean;
  const job = createEvaluationJob({ ...fixture, report: (error) => fixture.reported.push(error) });
  return { fixture, job, processed, remove: () => fixture.call('evaluations.delete', { params: { ...params, id } }) };
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
