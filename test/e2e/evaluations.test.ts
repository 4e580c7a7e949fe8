import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Headgate, startHeadgate } from '../support/headgate.ts';

/** An evaluation over real calls, made on a server that is killed at once and finished by the next one. */

const ANSWERS = ['yes', 'Yes, of course', '{"answer": true}', 'no'];

async function ask(server: Headgate, content: string, stream: boolean): Promise<void> {
  const answer = await fetch(`${server.origin}/v1/local/default/sandbox/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'cf-aig-authorization': `Bearer ${server.adminToken}` },
    body: JSON.stringify({ model: 'echo', messages: [{ role: 'user', content }], stream }),
  });
  expect(answer.status).toBe(200);
  await answer.text();
}

interface Shown {
  id: string;
  processed: boolean;
  total_logs: number;
  results: { evaluation_type_id: string; result: string; total_logs: number; status: number }[];
}

const BASE = 'ai-gateway/gateways/default';

async function post(server: Headgate, path: string, body: unknown): Promise<Shown> {
  const answer = await server.api('POST', `${BASE}/${path}`, body);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { result: Shown }).result;
}

async function finished(server: Headgate, id: string): Promise<Shown> {
  const untilMs = performance.now() + 20_000;
  for (;;) {
    const answer = await server.api('GET', `${BASE}/evaluations/${id}`);
    const { result } = (await answer.json()) as { result: Shown };
    if (result.processed) return result;
    if (performance.now() > untilMs) throw new Error(`still not processed: ${JSON.stringify(result)}`);
  }
}

test('answers of both kinds are read, by the next server where the first one was killed', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'headgate-evaluations-'));
  const env = { HEADGATE_LOG_DURABILITY: 'strict' };
  const first = await startHeadgate({ dataDir, env });
  for (const [n, answer] of ANSWERS.entries()) await ask(first, answer, n % 2 === 0);
  const dataset = await post(first, 'datasets', { name: 'all', enable: true, filters: [] });
  const made = await post(first, 'evaluations', {
    name: 'answers',
    dataset_ids: [dataset.id],
    evaluation_type_ids: ['success_rate', 'cached_share', 'exact_match', 'contains', 'json_validity', 'regex'],
    parameters: {
      exact_match: { text: 'yes' },
      contains: { text: 'yes', ignore_case: true },
      regex: { pattern: '^(yes|no)$' },
    },
  });
  await first.stop('SIGKILL');

  const second = await startHeadgate({ dataDir, env });
  const shown = await finished(second, made.id);
  expect(shown.total_logs).toBe(4);
  expect(shown.results.map((one) => [one.evaluation_type_id, one.result, one.total_logs, one.status])).toEqual([
    ['success_rate', '100', 4, 1],
    ['cached_share', '0', 4, 1],
    ['exact_match', '25', 4, 1],
    ['contains', '50', 4, 1],
    ['json_validity', '25', 4, 1],
    ['regex', '50', 4, 1],
  ]);
  await second.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);
