import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { FakeClock } from '../../../../test/support/fake-clock.ts';
import { openMemoryCounters } from '../stores/counters/index.ts';
import { type BudgetOutcome, createBudgets, type SpendFacts, type SpendLimits } from './index.ts';

type Rule = NonNullable<SpendLimits['rules']>[number];
const USD = 10n ** 12n;

const rule = (changes: Partial<Rule> = {}): Rule => ({
  id: 'r1',
  limit: 10,
  limitType: 'cost',
  window: 3600,
  technique: 'sliding',
  enabled: true,
  ...changes,
});
const facts = (changes: Partial<SpendFacts> = {}): SpendFacts => ({
  provider: 'openai',
  providerAliases: [],
  model: 'gpt-5',
  metadata: null,
  ...changes,
});

function start(...rules: Rule[]) {
  const clock = new FakeClock();
  const budgets = createBudgets({ counters: openMemoryCounters(), clock });
  const limits: SpendLimits = { enabled: true, rules };
  const ask = (estimatePico: bigint | null, given: Partial<SpendFacts> = {}, gatewayKey = 'g1') =>
    budgets.reserve({ gatewayKey, limits, facts: facts(given), estimatePico });
  const settle = (outcome: BudgetOutcome, actualPico: bigint | null) => {
    if (outcome.kind === 'exceeded') throw new Error(outcome.message);
    budgets.settle(outcome.reservation, actualPico);
  };
  return { clock, budgets, ask, settle };
}

describe('what a budget holds', () => {
  test('a call that fits is reserved; one that does not is refused and told the rule and when it fits', () => {
    const { clock, ask } = start(rule());
    expect(ask(7n * USD).kind).toBe('reserved');
    clock.advance(60_000);
    expect(ask(4n * USD)).toEqual({
      kind: 'exceeded',
      ruleId: 'r1',
      message: "Spend limit exceeded: rule 'r1' (cost limit 10 per 3600s, sliding) for openai gpt-5",
      retryAfterMs: 3_540_000,
    });
    expect(ask(3n * USD).kind).toBe('reserved');
  });

  test('the message follows the rule and the call', () => {
    const { ask } = start(rule({ id: 'team', limit: 0.5, window: 60, technique: 'fixed' }));
    const refused = (given: Partial<SpendFacts>) => {
      const outcome = ask(USD, given);
      return outcome.kind === 'exceeded' ? outcome.message : null;
    };
    const start60 = "Spend limit exceeded: rule 'team' (cost limit 0.5 per 60s, fixed) for";
    expect(refused({ provider: 'anthropic', model: 'claude-sonnet-4-5' })).toBe(
      `${start60} anthropic claude-sonnet-4-5`,
    );
    expect(refused({ model: '' })).toBe(`${start60} openai`);
  });

  test('settling gives the rest back, release by zero gives all back', () => {
    const { ask, settle } = start(rule());
    settle(ask(10n * USD), 4n * USD);
    settle(ask(6n * USD), 0n);
    expect(ask(6n * USD).kind).toBe('reserved');
    expect(ask(1n).kind).toBe('exceeded');
  });

  test('a cost that stays unknown leaves the estimate standing', () => {
    const { ask, settle } = start(rule());
    settle(ask(10n * USD), null);
    expect(ask(1n).kind).toBe('exceeded');
  });

  test('without a price nothing is reserved, what it turns out to cost counts, and a used-up budget refuses it', () => {
    const { ask, settle } = start(rule());
    const [first, second] = [ask(null), ask(null)];
    settle(first, null);
    expect(ask(null).kind).toBe('reserved');
    settle(second, 12n * USD);
    expect(ask(null).kind).toBe('exceeded');
  });

  test('a call that costs more than was reserved makes later ones wait', () => {
    const { clock, ask, settle } = start(rule());
    settle(ask(1n * USD), 15n * USD);
    expect(ask(1n)).toMatchObject({ kind: 'exceeded', retryAfterMs: 3_600_000 });
    clock.advance(3_600_000);
    expect(ask(1n).kind).toBe('reserved');
  });

  test.each([
    ['sliding', 'exceeded'],
    ['fixed', 'reserved'],
  ] as const)('across a boundary of the clock, %s: %s', (technique, kind) => {
    const { clock, ask } = start(rule({ technique }));
    clock.advance(3_599_000);
    ask(10n * USD);
    clock.advance(2_000);
    expect(ask(1n).kind).toBe(kind);
  });

  test('sliding is what a rule without a technique gets', () => {
    const { technique: _, ...open } = rule();
    const { ask } = start(open);
    ask(10n * USD);
    expect(ask(1n)).toMatchObject({ message: expect.stringContaining('sliding') });
  });

  test('gateways do not share a budget', () => {
    const { ask } = start(rule());
    expect([ask(10n * USD, {}, 'g1').kind, ask(10n * USD, {}, 'g2').kind]).toEqual(['reserved', 'reserved']);
  });

  test('without limits nothing is refused', () => {
    const { budgets } = start();
    const outcome = budgets.reserve({ gatewayKey: 'g', limits: null, facts: facts(), estimatePico: 5n * USD });
    expect(outcome).toMatchObject({ kind: 'reserved', observed: [] });
  });
});

describe('several rules', () => {
  test('one that is over refuses the call, and the others are left as they were', () => {
    const { ask } = start(rule({ id: 'wide', limit: 10 }), rule({ id: 'narrow', limit: 3 }));
    expect(ask(4n * USD)).toMatchObject({ kind: 'exceeded', ruleId: 'narrow' });
    expect(ask(3n * USD).kind).toBe('reserved');
    expect(ask(1n, {})).toMatchObject({ ruleId: 'narrow' });
    const outcome = start(
      rule({ id: 'wide', limit: 10 }),
      rule({ id: 'narrow', limit: 3, model: { mode: 'partition' } }),
    );
    for (const model of ['a', 'b', 'c']) expect(outcome.ask(3n * USD, { model }).kind).toBe('reserved');
    expect(outcome.ask(3n * USD, { model: 'd' })).toMatchObject({ ruleId: 'wide' });
    expect(outcome.ask(1n * USD, { model: 'd' }).kind).toBe('reserved');
  });

  test('an observed rule refuses nothing, counts all the same and is named when it is over', () => {
    const { ask, settle } = start(rule({ id: 'watched', limit: 1, mode: 'observe' }), rule({ id: 'held', limit: 10 }));
    expect(ask(1n * USD)).toMatchObject({ kind: 'reserved', observed: [] });
    const over = ask(2n * USD);
    expect(over).toMatchObject({
      kind: 'reserved',
      observed: [
        {
          ruleId: 'watched',
          message: "Spend limit exceeded: rule 'watched' (cost limit 1 per 3600s, sliding) for openai gpt-5",
        },
      ],
    });
    settle(over, 0n);
    expect(ask(10n * USD)).toMatchObject({ kind: 'exceeded', ruleId: 'held' });
  });

  test('calls in any order never overrun any budget while they cost no more than was estimated', () => {
    const call = fc.record({
      startMs: fc.nat({ max: 3_000 }),
      durationMs: fc.nat({ max: 3_000 }),
      estimate: fc.bigInt({ min: 0n, max: 4n }),
      actual: fc.bigInt({ min: 0n, max: 4n }),
      user: fc.constantFrom('ann', 'bob', null),
    });
    const rules = [
      rule({ id: 'all', limit: 10e-12, window: 1 }),
      rule({ id: 'user', limit: 6e-12, window: 1, metadata: { user: { mode: 'partition' } } }),
      rule({ id: 'ann', limit: 5e-12, window: 2, metadata: { user: { mode: 'filter', values: ['ann'] } } }),
    ];
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
        const { clock, ask, settle } = start(...rules);
        const spent: { atMs: number; cost: bigint; user: string | null }[] = [];
        const sum = (user: string | null | undefined, windowMs: number, atMs: number) =>
          spent
            .filter(
              (one) => (user === undefined || one.user === user) && one.atMs > atMs - windowMs && one.atMs <= atMs,
            )
            .reduce((total, { cost }) => total + cost, 0n);
        for (const { startMs, durationMs, estimate, actual, user } of calls) {
          clock.after(startMs, () => {
            const outcome = ask(estimate, { metadata: user === null ? {} : { user } });
            if (outcome.kind === 'exceeded') return;
            const cost = actual < estimate ? actual : estimate;
            spent.push({ atMs: clock.nowMs(), cost, user });
            clock.after(durationMs, () => settle(outcome, cost));
          });
        }
        clock.advance(10_000);
        for (const { atMs, user } of spent) {
          expect(sum(undefined, 1_000, atMs)).toBeLessThanOrEqual(10n);
          expect(sum(user, 1_000, atMs)).toBeLessThanOrEqual(6n);
          expect(sum('ann', 2_000, atMs)).toBeLessThanOrEqual(5n);
        }
      }),
    );
  });
});
