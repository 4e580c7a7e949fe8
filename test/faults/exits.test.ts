import { afterEach, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { type ErrorName, type ErrorRow, ERRORS } from '@headgate/contract';
import { EXITS, type Exit } from '../support/exits.ts';
import { startWalk, type Walk } from '../support/walk.ts';

/** Every failure exit of the walk, through a socket: status, body, headers, log row, metrics, and what the limits counted. */

let walk: Walk;
afterEach(() => walk.stop());

const POLICY = {
  rateLimit: { limit: 1000, intervalMs: 3_600_000, technique: 'sliding' as const },
  spendLimits: {
    enabled: true,
    rules: [{ id: 'all', limit: 1000, limitType: 'cost' as const, window: 3600 }],
  },
};
/** What the limits of the gateway hold. */
function counted(): { calls: number; pico: bigint } {
  const window = { limit: 10n ** 18n, intervalMs: 3_600_000, technique: 'sliding' as const };
  const used = (key: string) => walk.counters.peek(key, window, walk.clock.nowMs()).used;
  return { calls: Number(used('rate:key-of-g')), pico: used('spend:key-of-g:["all"]') };
}
async function errorsCounted(): Promise<string[]> {
  const page = await (await fetch(`${walk.origin}/metrics`)).text();
  return page.split('\n').flatMap((line) => /^headgate_errors_total\{.*kind="([^"]+)"\} 1$/.exec(line)?.[1] ?? []);
}

async function prove(exit: Exit): Promise<void> {
  const row: ErrorRow = ERRORS[exit.kind];
  const prepared = exit.prepare?.();
  const { policy = {}, ...options } = prepared?.options ?? exit.options ?? {};
  walk = await startWalk({ ...options, policy: { ...POLICY, ...policy } });
  await exit.before?.(walk);
  const earlier = counted().calls;
  const response = await exit.ask(walk);
  const text = await response.text();
  prepared?.done();

  expect(response.status).toBe(row.status);
  const message = JSON.parse(text).message as string;
  if (exit.message !== undefined) expect(message).toContain(exit.message);
  expect(JSON.parse(text)).toEqual({
    success: false,
    result: [],
    messages: [],
    error: [{ code: row.code, message }],
    name: 'AiGatewayError',
    httpCode: row.status,
    internalCode: row.code,
    message,
    description: message,
  });
  expect(response.headers.get('content-type')).toStartWith('application/json');
  expect(Number(response.headers.get('retry-after') ?? 0) > 0).toBe(exit.tellsWhen ?? false);

  if (exit.leavesNoRow !== true) {
    const { record, bodies } = await walk.nextRow();
    const failed = row.code === 2005 || exit.kind === 'internal';
    const code = exit.reason ?? row.code;
    expect(record).toMatchObject({ outcome: failed ? 'error' : 'refused', statusCode: row.status, error: { code } });
    expect(Buffer.from(bodies?.response ?? []).toString()).toBe(text);
    expect([record.costPico, record.cached, record.tokensOut]).toEqual([null, false, null]);
    expect(response.headers.get('cf-aig-log-id')).toBe(record.id);
    expect(response.headers.get('cf-aig-request-id')).not.toBeNull();
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  } else {
    expect(response.headers.has('cf-aig-log-id')).toBe(false);
  }
  expect(walk.active()).toBe(0);
  // Only a call that went to a provider counts, and one that failed there costs nothing.
  expect(counted()).toEqual({ calls: earlier + (exit.asksProvider === true ? 1 : 0), pico: 0n });
  if (exit.kind !== 'shuttingDown') expect(await errorsCounted()).toContain(String(exit.reason ?? row.code));
  expect(walk.reported.length).toBe(exit.kind === 'internal' ? 1 : 0);
}

for (const kind of [...new Set(EXITS.map((exit) => exit.kind))]) {
  describe(kind, () => {
    for (const exit of EXITS.filter((one) => one.kind === kind)) test(exit.rule, () => prove(exit));
  });
}

describe('the table is whole', () => {
  const proved = new Set<ErrorName>(EXITS.map((exit) => exit.kind));

  test('it has every error of the gateway face', async () => {
    walk = await startWalk();
    const ours = (Object.keys(ERRORS) as ErrorName[]).filter((name) => ERRORS[name].face !== 'management');
    expect([...proved].sort()).toEqual(ours.sort());
  });

  test('it has every exit that the walk in ARCHITECTURE.md names, and every reason', async () => {
    walk = await startWalk();
    const page = readFileSync(new URL('../../ARCHITECTURE.md', import.meta.url), 'utf8');
    const named = new Set(page.match(/\b\d{3}\/2\d{3}\b/g));
    const known = new Set([...proved].map((name) => `${ERRORS[name].status}/${ERRORS[name].code}`));
    expect([...named].filter((exit) => !known.has(exit))).toEqual([]);
    const reasons = new Set(EXITS.flatMap((exit) => exit.reason ?? []));
    expect([...reasons].sort()).toEqual(['blocked', 'connect_refused', 'dns', 'reset', 'timeout', 'tls', 'unknown']);
  });
});
