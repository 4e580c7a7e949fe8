/**
 * Counters, gauges and histograms, and their text in the Prometheus exposition format (version 0.0.4). Counting costs a
 * map lookup, no allocation beyond the key, and never throws. No domain words here.
 */

/** Combinations of label values kept per metric; what comes beyond is counted under `other`, so that memory stays bounded. */
const MOST_SERIES = 1000;
const OTHER = 'other';

type Labels = readonly string[];

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Lines without the head. */
  lines(): string[];
}

/** All metrics of a process, in the order in which they were made. */
export class Metrics {
  readonly #metrics: Metric[] = [];

  counter(name: string, help: string, labels: Labels = []): Counter {
    return this.#add(new Counter(name, help, labels));
  }

  /** A counter of whole units that are shown as decimals: `scale` 12 shows 10¹² as 1. */
  exactCounter(name: string, help: string, { labels, scale }: { labels: Labels; scale: number }): ExactCounter {
    return this.#add(new ExactCounter(name, help, { labels, scale }));
  }

  histogram(name: string, help: string, { labels, bounds }: { labels: Labels; bounds: readonly number[] }): Histogram {
    return this.#add(new Histogram(name, help, { labels, bounds }));
  }

  /** Values that are read when somebody asks: one for each set of labels. */
  read(type: 'counter' | 'gauge', name: string, source: { help: string; values: () => ReadValue[] | number }): void {
    this.#add({
      name,
      help: source.help,
      type,
      lines: () => {
        const values = source.values();
        if (typeof values === 'number') return [`${name} ${values}`];
        return values.map(({ labels, value }) => `${name}${braces(Object.entries(labels))} ${value}`);
      },
    });
  }

  /** The page that a Prometheus server fetches. */
  text(): string {
    const parts: string[] = [];
    for (const { name, help, type, lines } of this.#metrics.map((metric) => ({
      ...head(metric),
      lines: metric.lines(),
    }))) {
      parts.push(
        `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}`,
        `# TYPE ${name} ${type}`,
        ...lines,
      );
    }
    return `${parts.join('\n')}\n`;
  }

  #add<T extends Metric>(metric: T): T {
    this.#metrics.push(metric);
    return metric;
  }
}

function head({ name, help, type }: Metric) {
  return { name, help, type };
}

export interface ReadValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Series by their label values. */
class Family<T> {
  readonly #series = new Map<string, { values: Labels; state: T }>();

  constructor(
    readonly names: Labels,
    readonly make: () => T,
  ) {}

  of(values: Labels): T {
    const key = values.length === 1 ? (values[0] ?? '') : values.join('\n');
    const known = this.#series.get(key);
    if (known !== undefined) return known.state;
    if (this.#series.size >= MOST_SERIES && values.some((value) => value !== OTHER)) {
      return this.of(values.map(() => OTHER));
    }
    const state = this.make();
    this.#series.set(key, { values: [...values], state });
    return state;
  }

  map(each: (labels: [string, string][], state: T) => string[]): string[] {
    return [...this.#series.values()].flatMap(({ values, state }) =>
      each(
        this.names.map((name, i) => [name, values[i] ?? '']),
        state,
      ),
    );
  }
}

export class Counter implements Metric {
  readonly type = 'counter';
  readonly #family: Family<{ n: number }>;

  constructor(
    readonly name: string,
    readonly help: string,
    labels: Labels,
  ) {
    this.#family = new Family(labels, () => ({ n: 0 }));
    if (labels.length === 0) this.#family.of([]);
  }

  /** @param values one for each label, in the order of their names. */
  add(amount: number, ...values: string[]): void {
    this.#family.of(values).n += amount;
  }

  /** One series, to be kept by whoever counts often: adding to `n` costs nothing. */
  series(...values: string[]): { n: number } {
    return this.#family.of(values);
  }

  lines(): string[] {
    return this.#family.map((labels, { n }) => [`${this.name}${braces(labels)} ${n}`]);
  }
}

export class ExactCounter implements Metric {
  readonly type = 'counter';
  readonly #family: Family<{ n: bigint }>;
  readonly #scale: number;

  constructor(
    readonly name: string,
    readonly help: string,
    { labels, scale }: { labels: Labels; scale: number },
  ) {
    this.#family = new Family(labels, () => ({ n: 0n }));
    this.#scale = scale;
  }

  /** As of `Counter`. */
  series(...values: string[]): { n: bigint } {
    return this.#family.of(values);
  }

  lines(): string[] {
    return this.#family.map((labels, { n }) => {
      const digits = String(n).padStart(this.#scale + 1, '0');
      return [`${this.name}${braces(labels)} ${digits.slice(0, -this.#scale)}.${digits.slice(-this.#scale)}`];
    });
  }
}

export class Histogram implements Metric {
  readonly type = 'histogram';
  readonly #bounds: readonly number[];
  readonly #family: Family<HistogramSeries>;

  /** @param bounds ascending upper bounds, each included; values above the last fall into `+Inf`. */
  constructor(
    readonly name: string,
    readonly help: string,
    { labels, bounds }: { labels: Labels; bounds: readonly number[] },
  ) {
    this.#bounds = bounds;
    this.#family = new Family(labels, () => new HistogramSeries(bounds));
  }

  /** As of `Counter`. */
  series(...values: string[]): HistogramSeries {
    return this.#family.of(values);
  }

  lines(): string[] {
    return this.#family.map((labels, { counts, sum }) => {
      let total = 0;
      const buckets = [...this.#bounds, Number.POSITIVE_INFINITY].map((bound, i) => {
        total += counts[i] ?? 0;
        const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound);
        return `${this.name}_bucket${braces([...labels, ['le', le]])} ${total}`;
      });
      return [...buckets, `${this.name}_sum${braces(labels)} ${sum}`, `${this.name}_count${braces(labels)} ${total}`];
    });
  }
}

export class HistogramSeries {
  readonly counts: Float64Array;
  sum = 0;

  constructor(readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] ?? 0)) at += 1;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += value;
  }
}

function braces(labels: readonly (readonly [string, string])[]): string {
  if (labels.length === 0) return '';
  return `{${labels.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`;
}

function escaped(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
