import type { Client, Page } from '@headgate/client';
import type { LogRow } from '@headgate/contract';

type ListInput = Parameters<Client['logs']['list']>[0];

/** `logs.list` of one gateway. */
export type LogRows = (query: Omit<ListInput, 'gateway_id' | 'account_id'>) => Promise<Page<LogRow>>;

export interface TailDeps {
  list: LogRows;
  print: (row: LogRow) => void;
  /** Resolves when it is time to look again. */
  wait: () => Promise<unknown>;
  /** Rows to begin with. */
  lines: number;
}

/**
 * How far before the newest row each look reaches. A row has the time at which its call began and comes when the call
 * ends, so a slow call comes behind faster ones: this is the longest that a provider may take.
 */
const LOOK_BACK_MS = 600_000;
const PER_PAGE = 50;
/** Of one look. Rows beyond, on a gateway with more traffic than anyone reads, are not shown. */
const MAX_PAGES = 20;
/** More rows than a look can find, so that none is shown twice. */
const MAX_SEEN = 2 * PER_PAGE * MAX_PAGES;

/** Prints the newest rows, oldest first, then each row that comes. Keeps at most `MAX_SEEN` ids. Never ends by itself. */
export async function tail({ list, print, wait, lines }: TailDeps): Promise<never> {
  /** Time in ms of each row that was found, in the order of finding. */
  const seen = new Map<string, number>();
  let newest = Date.parse((await list({ per_page: 1 })).items[0]?.created_at ?? '') || 0;
  const found = await look();
  if (lines > 0) for (const row of found.slice(-lines)) print(row);
  for (;;) {
    await wait();
    for (const row of await look()) print(row);
  }

  /** The rows that were not seen before, oldest first. */
  async function look(): Promise<LogRow[]> {
    const since = Math.max(0, newest - LOOK_BACK_MS);
    for (const [id, time] of seen) if (time <= since) seen.delete(id);
    const filters = [{ key: 'created_at' as const, operator: 'gt' as const, value: [new Date(since).toISOString()] }];
    const fresh: LogRow[] = [];
    for (let page = 1; page <= MAX_PAGES; page++) {
      const { items, info } = await list({ filters, page, per_page: PER_PAGE, order_by_direction: 'desc' });
      const before = fresh.length;
      for (const row of items) {
        if (seen.has(row.id)) continue;
        const time = Date.parse(row.created_at);
        newest = Math.max(newest, time);
        seen.set(row.id, time);
        fresh.push(row);
      }
      const allSeen = fresh.length === before && seen.size >= info.total_count;
      if (allSeen || items.length < PER_PAGE) break;
    }
    for (const id of seen.keys()) {
      if (seen.size <= MAX_SEEN) break;
      seen.delete(id);
    }
    return fresh.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
  }
}
