import type { GatewaySettings } from '@headgate/contract';
import type { CounterWindow } from '../stores/counter-ports.ts';

/** Spend limits of a gateway, as on the wire. */
export type SpendLimits = NonNullable<GatewaySettings['spend_limits']>;
type WireRule = NonNullable<SpendLimits['rules']>[number];
type WireDimension = NonNullable<WireRule['model']>;

/** What rules look at in a call. */
export interface SpendFacts {
  readonly provider: string;
  /** Other slugs of the provider: a filter that names one of them means it, too. */
  readonly providerAliases: readonly string[];
  /** As the provider knows it; empty when none is known. */
  readonly model: string;
  readonly metadata: Readonly<Record<string, string | number | boolean>> | null;
}

/** A rule made ready for the hot path. */
export interface SpendRule {
  readonly id: string;
  readonly enforced: boolean;
  readonly window: CounterWindow;
  readonly dimensions: readonly Dimension[];
  /** `cost limit 10 per 3600s, sliding` */
  readonly terms: string;
}

interface Dimension {
  /** The call's names for this dimension, the one that is counted under first; none: the call has no such value. */
  readonly namesIn: (facts: SpendFacts) => readonly string[];
  /** The rule is for these values only; null: each value has a bucket of its own. */
  readonly only: ReadonlySet<string> | null;
}

/** Values in a bucket's key take no more room than this, whatever a client sends. */
const MOST_KEY_CHARS = 200;
const PICO_DIGITS = 12;

/** The rules that are switched on, in their order. A window of zero seconds holds nothing, so it limits nothing. */
export function readSpendRules(limits: SpendLimits): readonly SpendRule[] {
  if (limits.enabled !== true) return [];
  return (limits.rules ?? []).flatMap((rule, index) =>
    rule.enabled === false || rule.window === 0 ? [] : [readRule(rule, index)],
  );
}

/**
 * The key of the bucket in which the rule counts this call; null when the rule is not for it. One bucket for each
 * combination of the values that the rule splits by. A call without a value shares a bucket with the others that have
 * none; no filter is for it.
 */
export function bucketOf(rule: SpendRule, facts: SpendFacts): string | null {
  const split: (string | null)[] = [];
  for (const { namesIn, only } of rule.dimensions) {
    const names = namesIn(facts);
    if (only === null) split.push(names[0] ?? null);
    else if (!names.some((name) => only.has(name))) return null;
  }
  const key = JSON.stringify([rule.id, ...split]);
  return key.length <= MOST_KEY_CHARS ? key : new Bun.CryptoHasher('sha256').update(key).digest('hex');
}

function readRule(rule: WireRule, index: number): SpendRule {
  const technique = rule.technique ?? 'sliding';
  // Sorted: the order in which a rule was written must not change its buckets.
  const byMetadata = Object.entries(rule.metadata ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const dimensions = byMetadata.map(([key, dimension]) =>
    readDimension(dimension, ({ metadata }) => {
      const value = metadata !== null && Object.hasOwn(metadata, key) ? metadata[key] : undefined;
      return value === undefined ? [] : [String(value)];
    }),
  );
  if (rule.provider !== undefined) {
    dimensions.push(readDimension(rule.provider, ({ provider, providerAliases }) => [provider, ...providerAliases]));
  }
  if (rule.model !== undefined) {
    dimensions.push(readDimension(rule.model, ({ model }) => (model === '' ? [] : [model])));
  }
  return {
    id: rule.id ?? String(index),
    enforced: rule.mode !== 'observe',
    window: { limit: picoOf(rule.limit), intervalMs: rule.window * 1000, technique },
    dimensions,
    terms: `cost limit ${rule.limit} per ${rule.window}s, ${technique}`,
  };
}

function readDimension(dimension: WireDimension, namesIn: Dimension['namesIn']): Dimension {
  return { namesIn, only: dimension.mode === 'filter' ? new Set(dimension.values) : null };
}

/** Dollars as JSON writes them, in whole pico-dollars, digit by digit; what is smaller than one is cut off. */
function picoOf(dollars: number): bigint {
  const [, whole = '0', fraction = '', exponent = '0'] =
    /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(dollars)) ?? [];
  const digits = BigInt(whole + fraction);
  const shift = PICO_DIGITS - fraction.length + Number(exponent);
  return shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
}
