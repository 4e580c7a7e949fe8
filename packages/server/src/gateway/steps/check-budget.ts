import { Refusal } from '@headgate/contract';
import type { Budgets } from '../../limits/index.ts';
import type { Clock } from '../../lib/index.ts';
import { estimateCost, estimateTokens, type PriceBook } from '../../pricing/index.ts';
import type { Reservation } from '../../stores/counter-ports.ts';
import type { GatewayPolicy } from '../../stores/ports.ts';
import type { Step } from '../call.ts';

export interface BudgetDeps {
  readonly budgets: Budgets;
  readonly prices: PriceBook;
  readonly clock: Clock;
}

/**
 * Reserves the most that an attempt is likely to cost in every spend limit that applies to it. Null where there are none.
 * `observed`: ids of rules that only observe and would have refused it.
 * @throws Refusal 429/2041 naming the rule, with `Retry-After`.
 */
export function checkBudget(
  step: Step,
  gateway: GatewayPolicy,
  { budgets, prices, clock }: BudgetDeps,
): { reservation: Reservation; observed: readonly string[] } | null {
  const limits = gateway.spendLimits;
  if (limits === null) return null;
  const { provider, asked, target, options, body } = step;
  const model = asked.model ?? target.model ?? '';
  const estimatePico = estimateCost({
    price: prices.findPrice(provider.slug, model, clock.nowMs()),
    custom: options.customCost,
    promptTokens: body === null ? 0 : estimateTokens(body),
    maxOutputTokens: asked.maxOutputTokens,
  });
  const outcome = budgets.reserve({
    gatewayKey: gateway.key,
    limits,
    facts: { provider: provider.slug, providerAliases: provider.aliases ?? [], model, metadata: options.metadata },
    estimatePico,
  });
  if (outcome.kind === 'reserved') {
    const { reservation, observed } = outcome;
    return { reservation, observed: observed.length === 0 ? NONE : observed.map(({ ruleId }) => ruleId) };
  }
  const retryAfter = String(Math.max(1, Math.ceil(outcome.retryAfterMs / 1000)));
  throw new Refusal('spendLimitExceeded', { message: outcome.message, headers: { 'retry-after': retryAfter } });
}

const NONE: readonly string[] = [];
