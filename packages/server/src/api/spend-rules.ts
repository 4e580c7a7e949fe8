import type { GatewaySettings } from '@headgate/contract';
import { invalidAt } from './read-input.ts';

type SpendLimits = NonNullable<GatewaySettings['spend_limits']>;
type Rule = NonNullable<SpendLimits['rules']>[number];

/**
 * Fills in the defaults of spend limits. A rule without an id gets eight hex digits derived from what it counts (window,
 * technique, dimensions): sending the same rule again, with another limit even, keeps its counters.
 * @throws Refusal `apiValidation` when two rules have the same id.
 */
export function nameSpendRules(limits: SpendLimits): SpendLimits {
  const taken = new Set<string>();
  limits.rules?.forEach(({ id }, index) => {
    if (id !== undefined && taken.has(id)) {
      throw invalidAt(['body', 'spend_limits', 'rules', index, 'id'], 'Another rule has this id');
    }
    if (id !== undefined) taken.add(id);
  });
  const rules = limits.rules?.map((rule): Rule => {
    const technique = rule.technique ?? 'sliding';
    return { ...rule, id: rule.id ?? freeId({ ...rule, technique }, taken), enabled: rule.enabled ?? true, technique };
  });
  return { enabled: limits.enabled ?? false, rules: rules ?? [] };
}

function freeId({ window, technique, metadata, model, provider }: Rule, taken: Set<string>): string {
  for (let attempt = 0; ; attempt++) {
    const counted = JSON.stringify([window, technique, metadata, model, provider, attempt]);
    const id = new Bun.CryptoHasher('sha256').update(counted).digest('hex').slice(0, 8);
    if (taken.has(id)) continue;
    taken.add(id);
    return id;
  }
}
