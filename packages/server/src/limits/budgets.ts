import type { Clock } from '../lib/index.ts';
import type { Claim, CounterStore, Reservation } from '../stores/counter-ports.ts';
import { bucketOf, readSpendRules, type SpendFacts, type SpendLimits, type SpendRule } from './spend-rule.ts';

export interface BudgetCall {
  /** The gateway's internal id. */
  readonly gatewayKey: string;
  /** Immutable: a change of settings makes a new object. Null: none are set. */
  readonly limits: SpendLimits | null;
  readonly facts: SpendFacts;
  /** What the call may cost at most, in pico-dollars; null when there is no price: then nothing is reserved. */
  readonly estimatePico: bigint | null;
}

/** A rule whose budget the call does not fit into. */
export interface SpendBreach {
  readonly ruleId: string;
  /** As clients of the service that we are compatible with know it. */
  readonly message: string;
}

export type BudgetOutcome =
  | {
      readonly kind: 'reserved';
      readonly reservation: Reservation;
      /** Rules that only observe and would have refused. */
      readonly observed: readonly SpendBreach[];
    }
  | ({
      readonly kind: 'exceeded';
      /** Milliseconds until the call would fit, or one window when it never does. */
      readonly retryAfterMs: number;
    } & SpendBreach);

export interface Budgets {
  /**
   * Checks the call against every rule that applies and reserves the estimate in each of them, or in none. Synchronous,
   * so calls that come in together cannot pass a limit together. A budget that is used up refuses calls without a price,
   * too.
   */
  reserve(call: BudgetCall): BudgetOutcome;
  /**
   * Ends a reservation: the cost replaces the estimate. Null, when a provider answered and the cost is not known (a stream
   * without usage, say): the estimate stands as the best figure there is, or asking for no usage would be a way around
   * every budget. A call that reached no provider, or failed there, cost `0n`. Only the first cost given counts.
   */
  settle(reservation: Reservation, actualPico: bigint | null): void;
}

/** The spend limits of all gateways over one set of counters. */
export function createBudgets({ counters, clock }: { counters: CounterStore; clock: Clock }): Budgets {
  const ready = new WeakMap<SpendLimits, readonly SpendRule[]>();
  const rulesOf = (limits: SpendLimits): readonly SpendRule[] => {
    const rules = ready.get(limits) ?? readSpendRules(limits);
    ready.set(limits, rules);
    return rules;
  };
  return {
    reserve: ({ gatewayKey, limits, facts, estimatePico }) => {
      const rules: SpendRule[] = [];
      const claims: Claim[] = [];
      for (const rule of limits === null ? [] : rulesOf(limits)) {
        const bucket = bucketOf(rule, facts);
        if (bucket === null) continue;
        const { window, enforced } = rule;
        rules.push(rule);
        claims.push({ key: `spend:${gatewayKey}:${bucket}`, window, amount: estimatePico ?? 0n, enforced });
      }
      const outcome = counters.reserve(claims, clock.nowMs());
      if (outcome.granted) {
        const observed = outcome.over.flatMap((index) => rules[index] ?? []).map((rule) => breachOf(rule, facts));
        return { kind: 'reserved', reservation: outcome.reservation, observed };
      }
      const rule = rules[outcome.refusedBy];
      if (rule === undefined) throw new Error(`refused by claim ${outcome.refusedBy} of ${claims.length}`);
      return { kind: 'exceeded', ...breachOf(rule, facts), retryAfterMs: outcome.decision.resetMs };
    },
    settle: (reservation, actualPico) => {
      if (actualPico !== null) reservation.settle(actualPico, clock.nowMs());
    },
  };
}

function breachOf({ id, terms }: SpendRule, { provider, model }: SpendFacts): SpendBreach {
  const message = `Spend limit exceeded: rule '${id}' (${terms}) for ${provider} ${model}`.trimEnd();
  return { ruleId: id, message };
}
