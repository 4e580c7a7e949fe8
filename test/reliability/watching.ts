/** What can be seen of a running server from outside. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from 'bun:sqlite';
import type { Headgate } from '../support/headgate.ts';

/** A log row as the API lists it. */
export interface Row {
  id: string;
  event_id: string;
  model: string;
  outcome: string;
  status_code: number;
  tokens_in: number | null;
  tokens_out: number | null;
  cached: boolean;
  /** US dollars; null where it is not known. */
  cost: number | null;
}

const PER_PAGE = 50;

/** All rows of a gateway, oldest first, as listed page by page: a row that is listed twice is in the list twice. */
export async function allRows(headgate: Headgate, gateway: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (let page = 1; ; page++) {
    const query = `per_page=${PER_PAGE}&page=${page}&order_by=created_at&order_by_direction=asc`;
    const answer = await headgate.api('GET', `ai-gateway/gateways/${gateway}/logs?${query}`);
    const { result } = (await answer.json()) as { result: Row[] };
    rows.push(...result);
    if (result.length < PER_PAGE) return rows;
  }
}

/** Metrics by their name with labels, as `/metrics` writes it. */
export async function metricsOf(headgate: Headgate): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${headgate.origin}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

/** Waits, without pausing, until it holds. Rejects after `ms`. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${ms / 1000} s`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Database files below a directory that SQLite finds fault with, each with what it says. Nobody may be using them. */
export function damagedFiles(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.db'));
  return names.flatMap((name) => {
    const db = new Database(join(directory, name));
    try {
      const [verdict] = db.query('PRAGMA integrity_check').values().flat();
      return verdict === 'ok' ? [] : [`${name}: ${String(verdict)}`];
    } finally {
      db.close();
    }
  });
}

/** Open descriptors and resident bytes of a process. */
export function processFigures(pid: number): { descriptors: number; residentBytes: number } {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, residentBytes: pages * 4096 };
}
