import type { Metrics } from '../lib/index.ts';
import type { Outcome } from '../stores/log-ports.ts';
import type { Trail } from './call.ts';
import { ownMs } from './stages.ts';

/** Upper bounds of histograms in seconds. */
const OWN_S = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5];
const ANSWER_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** What one attempt came to. */
export interface Ended {
  readonly outcome: Outcome;
  /** Null when it is not known. */
  readonly costPico: bigint | null;
  readonly durationMs: number;
}

/** What the data plane tells the metrics: each attempt once, as it is settled, and each call as its answer begins. */
export interface Measures {
  call(trail: Trail, status: number): void;
  attempt(trail: Trail, ended: Ended): void;
}

/** @param metrics gets the metrics of the data plane, all with the prefix `headgate_`. */
export function createMeasures(metrics: Metrics): Measures {
  const calls = metrics.counter('headgate_calls_total', 'Client requests answered, by status class.', [
    'gateway',
    'status',
  ]);
  const attempts = metrics.counter('headgate_attempts_total', 'Attempts ended: each is a log row of its own.', [
    'gateway',
    'provider',
    'outcome',
  ]);
  const errors = metrics.counter('headgate_errors_total', 'Attempts that did not end well, by kind.', [
    'gateway',
    'provider',
    'kind',
  ]);
  const observed = metrics.counter(
    'headgate_limits_observed_total',
    'Attempts that a spend rule in mode observe would have refused.',
    ['gateway', 'rule'],
  );
  const cache = metrics.counter('headgate_cache_total', 'Attempts that may be answered from the cache.', [
    'gateway',
    'status',
  ]);
  const tokens = metrics.counter(
    'headgate_tokens_total',
    'Tokens, as providers reported them or as they were counted here, by kind.',
    ['provider', 'model', 'kind'],
  );
  const dollars = metrics.exactCounter('headgate_cost_dollars_total', 'Cost in US dollars.', {
    labels: ['gateway', 'provider', 'model'],
    scale: 12,
  });
  const unpriced = metrics.counter('headgate_unpriced_total', 'Attempts with usage whose price is not known.', [
    'provider',
    'model',
  ]);
  const own = metrics.histogram('headgate_overhead_seconds', 'Time of the gateway itself before an answer begins.', {
    labels: [],
    bounds: OWN_S,
  });
  const firstToken = metrics.histogram(
    'headgate_time_to_first_token_seconds',
    'From the start of an attempt to the first piece of its stream.',
    { labels: ['provider'], bounds: ANSWER_S },
  );
  const duration = metrics.histogram('headgate_attempt_duration_seconds', 'From the start of an attempt to its end.', {
    labels: ['provider'],
    bounds: ANSWER_S,
  });
  const ownTime = own.series();
  const kept = new Kept((gateway, provider, model) => ({
    success: attempts.series(gateway, provider, 'success'),
    duration: duration.series(provider),
    firstToken: firstToken.series(provider),
    // Made when there is something to count: a cost that is not known must not show as 0.
    tokens: later(() => {
      const byKind = TOKEN_KINDS.map((kind) => [kind, tokens.series(provider, model, kind)]);
      return Object.fromEntries(byKind) as Record<(typeof TOKEN_KINDS)[number], { n: number }>;
    }),
    unpriced: later(() => unpriced.series(provider, model)),
    dollars: later(() => dollars.series(gateway, provider, model)),
  }));
  return {
    call({ gateway, stages }, status) {
      calls.add(1, gateway?.id ?? '', CLASSES[Math.floor(status / 100)] ?? 'other');
      ownTime.observe(ownMs(stages) / 1000);
    },
    attempt(trail, { outcome, costPico, durationMs }) {
      const gateway = trail.gateway?.id ?? '';
      // Before a step is planned its provider is only a text in the URL, and so is the model.
      const provider = trail.begun ? trail.provider : '';
      const series = kept.of(gateway, provider, trail.begun ? trail.reading?.model || trail.modelAsked : '');
      if (outcome === 'success') {
        series.success.n += 1;
      } else {
        attempts.add(1, gateway, provider, outcome);
        errors.add(1, gateway, provider, errorKind(trail, outcome));
      }
      for (const rule of trail.limitsObserved) observed.add(1, gateway, rule);
      if (trail.cacheStatus !== null) cache.add(1, gateway, trail.cacheStatus.toLowerCase());
      series.duration.observe(durationMs / 1000);
      if (trail.cached) return;
      if (trail.firstPieceMs !== null) series.firstToken.observe(trail.firstPieceMs / 1000);
      const usage = trail.reading?.usage ?? null;
      if (usage !== null) {
        const counted = series.tokens();
        counted.input.n += usage.inputFull ?? 0;
        counted.output.n += usage.output ?? 0;
        counted.cache_read.n += usage.cacheRead ?? 0;
        counted.cache_write.n += usage.cacheWrite ?? 0;
        counted.reasoning.n += usage.reasoning ?? 0;
        if (costPico === null) series.unpriced().n += 1;
      }
      if (costPico !== null) series.dollars().n += costPico;
    },
  };
}

const CLASSES = ['other', '1xx', '2xx', '3xx', '4xx', '5xx'];
const TOKEN_KINDS = ['input', 'output', 'cache_read', 'cache_write', 'reasoning'] as const;

/** What is made at the first call. */
function later<T>(make: () => T): () => T {
  let made: T | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

/** Combinations whose series are kept at hand. */
const MOST_KEPT = 1000;

/** What belongs to a gateway, a provider and a model, found by one lookup. */
class Kept<T> {
  readonly #known = new Map<string, T>();

  constructor(readonly make: (gateway: string, provider: string, model: string) => T) {}

  of(gateway: string, provider: string, model: string): T {
    const key = `${gateway}\n${provider}\n${model}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = this.make(gateway, provider, model);
    if (this.#known.size < MOST_KEPT) this.#known.set(key, made);
    return made;
  }
}

/** A bounded set of names: what the gateway itself refused or could not do, else the provider's status class. */
function errorKind(trail: Trail, outcome: Outcome): string {
  if (outcome !== 'error') return outcome === 'refused' ? String(trail.error?.code ?? outcome) : outcome;
  if (trail.end === 'failed') return String(trail.error?.code ?? 'failed');
  return trail.statusCode >= 400 ? `provider_${Math.floor(trail.statusCode / 100)}xx` : 'provider_in_band';
}
