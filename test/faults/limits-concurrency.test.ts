import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { FakeClock } from '../support/fake-clock.ts';
import { type Behaviour, behave, BEHAVIOURS, spentBy } from '../support/spenders.ts';
import { startWalk, type Walk } from '../support/walk.ts';

/** Limits under callers that come all at once, through sockets, against models that are too simple to be wrong. */

const HOUR_MS = 3_600_000;
const BIG = { limit: 10n ** 18n, intervalMs: HOUR_MS, technique: 'sliding' } as const;

/** How many of so many callers at once get through. */
async function burst(walk: Walk, callers: number): Promise<number> {
  const ask = async () => {
    const response = await fetch(`${walk.base}/openai/x`, {
      method: 'POST',
      body: '{}',
      headers: { 'cf-aig-collect-log': 'false' },
    });
    await response.arrayBuffer();
    return response.status;
  };
  const statuses = await Promise.all(Array.from({ length: callers }, ask));
  expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
  return statuses.filter((status) => status === 200).length;
}

async function during(walk: Walk, run: () => Promise<void>): Promise<void> {
  try {
    await run();
    expect(walk.reported).toEqual([]);
    expect(walk.active()).toBe(0);
  } finally {
    await walk.stop();
  }
}

describe('a count limit', () => {
  test.each(['fixed', 'sliding'] as const)(
    '%s: a thousand callers at once get exactly the limit',
    async (technique) => {
      const clock = new FakeClock();
      const walk = await startWalk({ clock, policy: { rateLimit: { limit: 137, intervalMs: HOUR_MS, technique } } });
      await during(walk, async () => {
        expect(await burst(walk, 1000)).toBe(137);
        expect(walk.requests.length).toBe(137);
      });
    },
  );

  test('bursts over time get what a list of everything that went through leaves', async () => {
    const bursts = fc.array(
      fc.record({ gapMs: fc.integer({ min: 0, max: 1500 }), callers: fc.integer({ min: 1, max: 40 }) }),
      { minLength: 3, maxLength: 10 },
    );
    await fc.assert(
      fc.asyncProperty(
        bursts,
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom('fixed' as const, 'sliding' as const),
        async (all, limit, technique) => {
          const clock = new FakeClock();
          const walk = await startWalk({ clock, policy: { rateLimit: { limit, intervalMs: 1000, technique } } });
          await during(walk, async () => {
            const through: number[] = [];
            for (const { gapMs, callers } of all) {
              clock.advance(gapMs);
              const nowMs = clock.nowMs();
              const from = technique === 'fixed' ? nowMs - (nowMs % 1000) : nowMs - 1000 + 1;
              const left = limit - through.filter((atMs) => atMs >= from).length;
              const passed = await burst(walk, callers);
              expect(passed).toBe(Math.min(left, callers));
              through.push(...Array<number>(passed).fill(nowMs));
            }
          });
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('a spend budget', () => {
  /** $1 for each token of the answer, reserved for `max_tokens` of them. */
  const call = fc.record({
    behaviour: fc.constantFrom(...BEHAVIOURS),
    reserved: fc.integer({ min: 1, max: 20 }),
    saved: fc.integer({ min: 0, max: 20 }),
  });

  test('is never overrun, whatever becomes of the calls, and holds in the end what they cost', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 20, maxLength: 80 }),
        fc.integer({ min: 10, max: 400 }),
        fc.constantFrom('fixed' as const, 'sliding' as const),
        async (plans, limit, technique) => {
          const calls = plans.map(({ behaviour, reserved, saved }, id) => ({
            id,
            behaviour,
            reserved,
            actual: Math.max(0, reserved - saved),
          }));
          const tries = new Map<number, number>();
          let most = 0n;
          const used = () =>
            walk.counters.peek('spend:key-of-g:["all"]', { ...BIG, technique }, walk.clock.nowMs()).used;
          const rule = { id: 'all', limit, limitType: 'cost' as const, window: HOUR_MS / 1000, technique };
          const walk: Walk = await startWalk({
            clock: new FakeClock(),
            policy: { spendLimits: { enabled: true, rules: [rule] } },
            upstream: async (request, connection) => {
              const id = Number(request.headers.find(([name]) => name.toLowerCase() === 'x-id')?.[1]);
              const nth = (tries.get(id) ?? 0) + 1;
              tries.set(id, nth);
              const now = used();
              if (now > most) most = now;
              const mine = calls[id];
              if (mine !== undefined) await behave(mine, nth, connection);
            },
          });
          await during(walk, async () => {
            await Promise.all(calls.map((one) => ask(walk, one)));
            while (walk.active() > 0) await new Promise((next) => setImmediate(next));
            expect(most).toBeLessThanOrEqual(BigInt(limit) * 10n ** 12n);
            const spent = calls.map((one) => spentBy(one, tries.get(one.id) ?? 0));
            const cost = Number(used() / 10n ** 12n);
            expect(cost).toBeGreaterThanOrEqual(spent.reduce((sum, [least]) => sum + least, 0));
            expect(cost).toBeLessThanOrEqual(spent.reduce((sum, [, upmost]) => sum + upmost, 0));
            expect(cost).toBeLessThanOrEqual(limit);
          });
        },
      ),
      { numRuns: 25 },
    );
  });
});

interface Caller {
  id: number;
  behaviour: Behaviour;
  reserved: number;
}

/** Makes the call and takes what comes of it; a caller that leaves does so at the first byte. */
async function ask(walk: Walk, { id, behaviour, reserved }: Caller): Promise<void> {
  const leaving = new AbortController();
  try {
    const response = await fetch(`${walk.base}/openai/chat/completions`, {
      method: 'POST',
      signal: leaving.signal,
      headers: {
        'x-id': String(id),
        'content-type': 'application/json',
        'cf-aig-collect-log': 'false',
        'cf-aig-custom-cost': '{"per_token_in":0,"per_token_out":1}',
        ...(behaviour === 'failsOnce' ? { 'cf-aig-max-attempts': '1', 'cf-aig-retry-delay': '0' } : {}),
      },
      body: JSON.stringify({ model: 'm', max_tokens: reserved, stream: true }),
    });
    if (behaviour !== 'left') {
      await response.arrayBuffer();
      return;
    }
    await response.body?.getReader().read();
    leaving.abort();
  } catch {
    // Broken off by the provider: what it cost is what the test is about.
  }
}
