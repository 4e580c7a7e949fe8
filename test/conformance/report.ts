import type { Outcome } from './check.ts';

export interface Row {
  provider: string;
  kind: string;
  calls: number;
  bodiesIdentical: number;
  /** Of `logsRead`. */
  usageCorrect: number;
  logsRead: number;
}

export interface Summary extends Omit<Row, 'provider' | 'kind'> {
  rows: Row[];
  failures: Outcome[];
}

/** Every field of what the readers take out of a recording, against what it expects. */
export interface Readings {
  compared: number;
  failures: { id: string; differences: string[] }[];
}

/** One line, and the differences where there are any. */
export function formatReadings({ compared, failures }: Readings): string {
  const lines = failures.flatMap(({ id, differences }) => [
    `\n${id} (read)`,
    ...differences.map((found) => `  ${found}`),
  ]);
  return [`\nreadings equal in every field: ${compared - failures.length} of ${compared}`, ...lines].join('\n');
}

/** Counts the outcomes by provider and kind. */
export function summarise(outcomes: readonly Outcome[]): Summary {
  const rows = new Map<string, Row>();
  const total = { calls: 0, bodiesIdentical: 0, usageCorrect: 0, logsRead: 0 };
  for (const outcome of outcomes) {
    const { provider, kind } = outcome;
    const key = `${provider} ${kind}`;
    const row = rows.get(key) ?? { provider, kind, calls: 0, bodiesIdentical: 0, usageCorrect: 0, logsRead: 0 };
    rows.set(key, row);
    for (const counted of [row, total]) {
      counted.calls += 1;
      if (outcome.wire.length === 0) counted.bodiesIdentical += 1;
      if (outcome.log !== null) counted.logsRead += 1;
      if (outcome.log?.length === 0) counted.usageCorrect += 1;
    }
  }
  const failures = outcomes.filter((outcome) => outcome.wire.length > 0 || (outcome.log?.length ?? 0) > 0);
  return { ...total, rows: [...rows.values()], failures };
}

/** The table for people, then the failures with what differs. */
export function format(summary: Summary): string {
  const cells = [
    ['provider', 'kind', 'calls', 'identical', 'usage correct'],
    ...summary.rows.map((row) => [row.provider, row.kind, ...countsOf(row)]),
    ['all', '', ...countsOf(summary)],
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const table = cells.map((line) =>
    line
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const failures = summary.failures.flatMap((failure) => [
    `\n${failure.id} (${failure.dialect}, sent as ${failure.chunks})`,
    ...[...failure.wire, ...(failure.log ?? [])].map((difference) => `  ${difference}`),
  ]);
  const heading = summary.failures.length === 0 ? [] : [`\nfailed calls: ${summary.failures.length}`];
  return [...table, ...heading, ...failures].join('\n');
}

function countsOf(row: Omit<Row, 'provider' | 'kind'>): string[] {
  return [String(row.calls), String(row.bodiesIdentical), `${row.usageCorrect}/${row.logsRead}`];
}
