import type { Page } from '@headgate/client';

type Row = Readonly<Record<string, unknown>>;

const MAX_CELL = 60;
const GAP = '  ';

/** One page as a table, and on standard error what lies beyond it. */
export function printPage({ items, info }: Page<Row>, columns: readonly string[]): void {
  for (const line of table(items, columns)) console.log(line);
  const pages = Math.ceil(info.total_count / info.per_page);
  if (pages > 1) console.error(`page ${info.page} of ${pages}, ${info.total_count} in all (--page, --per-page)`);
}

/** Lines of a table: a heading, and the rows below it, columns aligned. */
export function table(rows: readonly Row[], columns: readonly string[]): string[] {
  const lines = [columns.map((name) => name.toUpperCase()), ...rows.map((row) => cells(row, columns))];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines.map((line) => joined(line, widths));
}

/** A line of a table whose other lines are not known: wider cells move the rest to the right. */
export function tableLine(row: Row | null, columns: readonly string[], widths: readonly number[]): string {
  return joined(row === null ? columns.map((name) => name.toUpperCase()) : cells(row, columns), widths);
}

/** One resource: a line for each field. */
export function printRecord(record: Row): void {
  const width = Math.max(...Object.keys(record).map((name) => name.length));
  for (const [name, value] of Object.entries(record))
    console.log(`${name.padEnd(width)}${GAP}${text(value)}`.trimEnd());
}

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2));
}

function cells(row: Row, columns: readonly string[]): string[] {
  return columns.map((name) => {
    const cell = text(row[name]);
    return cell.length > MAX_CELL ? `${cell.slice(0, MAX_CELL - 1)}…` : cell;
  });
}

function joined(line: readonly string[], widths: readonly number[]): string {
  return line
    .map((cell, at) => cell.padEnd(widths[at] ?? 0))
    .join(GAP)
    .trimEnd();
}

/** Strangers write models, paths and metadata: their control characters must not reach the terminal. */
function text(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  const plain = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return plain.replaceAll(/\p{Cc}+/gu, ' ');
}
