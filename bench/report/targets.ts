/** What is to be reached, each against the medians of one run. */
import { type Figures, NAMES } from '../load/measure.ts';

/** Figures by subject id; those of the direct path have been taken off delays already. */
export type Results = Record<string, Figures>;

export interface Verdict {
  what: string;
  /** Null where a figure is missing in this run. */
  value: number | null;
  limit: number;
  isMet: boolean | null;
}

interface Rule {
  what: string;
  value(of: (subject: string, figure: string) => number): number;
  limit: number;
  isAtLeast?: true;
}

const FOUR_MB = 4_000_000;
const RULES: Rule[] = [
  {
    what: 'all on: CPU per request, times nginx',
    value: (of) => of('all-on', NAMES.cpuUs) / of('nginx', NAMES.cpuUs),
    limit: 5,
  },
  {
    what: 'all on: CPU per request, share of Portkey',
    value: (of) => of('all-on', NAMES.cpuUs) / of('portkey', NAMES.cpuUs),
    limit: 0.1,
  },
  {
    what: 'all off: CPU per request, times nginx',
    value: (of) => of('all-off', NAMES.cpuUs) / of('nginx', NAMES.cpuUs),
    limit: 3.5,
  },
  {
    what: 'all on: requests/s, times Portkey',
    value: (of) => of('all-on', NAMES.perSecond) / of('portkey', NAMES.perSecond),
    limit: 10,
    isAtLeast: true,
  },
  { what: 'all on: added p50 at 500/s, ms', value: (of) => of('all-on', NAMES.p50(500)), limit: 0.5 },
  { what: 'all on: added p99 at 1000/s, ms', value: (of) => of('all-on', NAMES.p99(1000)), limit: 3 },
  {
    what: 'cache hit: CPU per request, times all off',
    value: (of) => of('cache-hit', NAMES.cpuUs) / of('all-off', NAMES.cpuUs),
    limit: 1,
  },
  ...(['all-off', 'all-on'] as const).flatMap((id): Rule[] => [
    {
      what: `${id.replace('-', ' ')}: CPU per chunk at 1000 streams, times nginx`,
      value: (of) => of(id, NAMES.chunkCpuUs(1000)) / of('nginx', NAMES.chunkCpuUs(1000)),
      limit: 2,
    },
    {
      what: `${id.replace('-', ' ')}: resident MB with 1000 open streams`,
      value: (of) => of(id, NAMES.streamsMb(1000)),
      limit: 150,
    },
    {
      what: `${id.replace('-', ' ')}: time of a 4 MB prompt, times nginx`,
      value: (of) => of(id, NAMES.sizeMs(FOUR_MB)) / of('nginx', NAMES.sizeMs(FOUR_MB)),
      limit: 1.5,
    },
  ]),
];

export function judge(results: Results): Verdict[] {
  return RULES.map(({ what, value, limit, isAtLeast }) => {
    const found = value((subject, figure) => results[subject]?.[figure] ?? Number.NaN);
    if (Number.isNaN(found)) return { what, value: null, limit, isMet: null };
    return {
      what: `${what} (${isAtLeast ? '≥' : '≤'} ${limit})`,
      value: found,
      limit,
      isMet: isAtLeast ? found >= limit : found <= limit,
    };
  });
}

/** Medians over the rounds of one subject. */
export function medians(rounds: Figures[]): Figures {
  const names = new Set(rounds.flatMap((figures) => Object.keys(figures)));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = rounds.flatMap((figures) => figures[name] ?? []).sort((a, b) => a - b);
      const half = values.length / 2;
      const upper = values[Math.floor(half)] ?? Number.NaN;
      return [name, Number.isInteger(half) ? (upper + (values[half - 1] ?? upper)) / 2 : upper];
    }),
  );
}

/** Delays of a subject less those of the direct path; all else as it was. */
export function added(figures: Figures, direct: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      /^(chunk )?p\d\d ms|^first byte/.test(name) ? value - (direct[name] ?? Number.NaN) : value,
    ]),
  );
}
