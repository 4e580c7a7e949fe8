/** Compares the log with what was called. */
import type { Headgate } from '../support/headgate.ts';
import type { Row } from './watching.ts';

const PER_PAGE = 50;
/** Listed at once: deep pages of a long log are slow, so its time is cut into windows. */
const WINDOW_MS = 2000;

/** All rows of a gateway that began between two times, listed window by window. */
export async function rowsBetween(headgate: Headgate, gateway: string, fromMs: number, toMs: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (let start = fromMs; start <= toMs; start += WINDOW_MS) {
    const times = `start_date=${iso(start)}&end_date=${iso(Math.min(start + WINDOW_MS - 1, toMs))}`;
    for (let page = 1; ; page++) {
      const query = `${times}&per_page=${PER_PAGE}&page=${page}&order_by=created_at&order_by_direction=asc`;
      const answer = await headgate.api('GET', `ai-gateway/gateways/${gateway}/logs?${query}`);
      const { result } = (await answer.json()) as { result: Row[] };
      rows.push(...result);
      if (result.length < PER_PAGE) break;
    }
  }
  return rows;
}

/** Rows that a gateway says it has. */
export async function rowCount(headgate: Headgate, gateway: string): Promise<number> {
  const answer = await headgate.api('GET', `ai-gateway/gateways/${gateway}/logs?per_page=1`);
  return ((await answer.json()) as { result_info: { total_count: number } }).result_info.total_count;
}

/** What is wrong with the rows, by the rows owed to each event id (as `rowsOwed` writes them). `partly`: some were deleted. */
export function wrongRows(rows: readonly Row[], owed: ReadonlyMap<string, string>, partly = false): string[] {
  const wrong: string[] = [];
  const ids = new Set<string>();
  const found = new Map<string, string[]>();
  for (const row of rows) {
    if (ids.has(row.id)) wrong.push(`row ${row.id} is there twice`);
    ids.add(row.id);
    if (!owed.has(row.event_id)) wrong.push(`row ${row.id} (${row.event_id}) belongs to no call`);
    const told = `${row.status_code} ${row.outcome}${row.cached ? ' cached' : ''}`;
    found.set(row.event_id, [...(found.get(row.event_id) ?? []), told]);
  }
  for (const [event, must] of owed) {
    const are = found.get(event);
    if (are === undefined && partly) continue;
    // Attempts that began within the same millisecond are listed in any order.
    const same = are !== undefined && [...are].sort().join(', ') === must.split(', ').sort().join(', ');
    if (!same) wrong.push(`${event}: should have left "${must}", left "${are?.join(', ') ?? 'nothing'}"`);
  }
  return wrong;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
