import { Refusal } from '@headgate/contract';
import type { Budgets } from '../../limits/index.ts';
import type { Clock } from '../../lib/index.ts';
import { estimateCost, estimateTokens, type PriceBooks } from '../../pricing/index.ts';
import type { GatewayPolicy } from '../../stores/snapshot-ports.ts';
import type { Step, Trail } from '../call.ts';

export interface BudgetDeps {
  readonly budgets: Budgets;
  readonly prices: PriceBooks;
  readonly clock: Clock;
}

/**
 * Reserves the most that an attempt is likely to cost in every spend limit that applies to it; the trail holds it, and
 * names the rules that only observe and would have refused.
 * @throws Refusal 429/2041 naming the rule, with `Retry-After`.
 */
export function checkBudget(
  step: Step,
  { gateway, trail }: { gateway: GatewayPolicy; trail: Trail },
  { budgets, prices, clock }: BudgetDeps,
): void {
  const limits = gateway.spendLimits;
  if (limits === null) return;
  const { provider, asked, target, options, body } = step;
  const model = asked.model ?? target.model ?? '';
  const estimatePico = estimateCost({
    price: prices.of(gateway.accountId).findPrice(provider.slug, model, clock.nowMs()),
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
    trail.reservation = outcome.reservation;
    if (outcome.observed.length > 0) trail.limitsObserved = outcome.observed.map(({ ruleId }) => ruleId);
    return;
  }
  const retryAfter = String(Math.max(1, Math.ceil(outcome.retryAfterMs / 1000)));
  throw new Refusal('spendLimitExceeded', { message: outcome.message, headers: { 'retry-after': retryAfter } });
}
