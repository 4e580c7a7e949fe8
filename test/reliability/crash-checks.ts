/** What must hold of a server that was started again after a crash; each check gives what does not, one line each. */
import type { Headgate } from '../support/headgate.ts';
import { readSubject } from './crash-changes.ts';
import type { Ledger, Sent } from './crash-ledger.ts';
import { cacheProbes, call, faultOf, LIMIT_UNITS, RATE_LIMIT } from './crash-load.ts';
import { answerTo, type Asked, bodyOf, USAGE } from './upstream.ts';
import { allRows, metricsOf, type Row } from './watching.ts';

/** Rows whose bodies are read: the last ones were nearest to the kill. */
const BODIES_READ = 60;
const HOUR_MS = 3_600_000;

/** Calls whose rows must be there. */
export function owedRows(ledger: Ledger, safeUntilMs: number): Sent[] {
  return ledger.sent.filter(({ ended }) => ended !== null && ended.atMs <= safeUntilMs);
}

/** All three gateways' rows: each that is owed, none twice, none by half; and what the roll-ups say of them. */
export async function checkRows(headgate: Headgate, ledger: Ledger, owed: readonly Sent[]): Promise<string[]> {
  const faults: string[] = [];
  for (const gateway of Object.values(ledger.gateways)) {
    const rows = await allRows(headgate, gateway);
    const ids = new Set(rows.map(({ id }) => id));
    const sent = ledger.sent.filter((one) => one.gateway === gateway);
    const lost = owed.filter((one) => one.gateway === gateway && !ids.has(one.ended?.id ?? ''));
    if (lost.length > 0) faults.push(`${gateway}: ${lost.length} rows are lost, e.g. of ${lost[0]?.asked.nonce}`);
    if (ids.size < rows.length) faults.push(`${gateway}: ${rows.length - ids.size} rows are there twice`);
    if (rows.length > sent.length) faults.push(`${gateway}: ${rows.length} rows of ${sent.length} calls`);
    faults.push(...rows.flatMap((row) => tornness(gateway, row)));
    faults.push(...(await checkBodies(headgate, ledger, { gateway, rows: rows.slice(-BODIES_READ) })));
    faults.push(...(await checkSums(headgate, gateway, rows)));
  }
  return faults;
}

function tornness(gateway: string, row: Row): string[] {
  const { outcome, status_code: status, tokens_in: input, tokens_out: output, model } = row;
  const whole =
    outcome === 'success'
      ? status === 200 && model === 'm-1' && input === USAGE.prompt_tokens && output === USAGE.completion_tokens
      : outcome === 'error' && status === 500;
  return whole ? [] : [`${gateway}: a row that no call leaves: ${JSON.stringify(row).slice(0, 300)}`];
}

async function checkBodies(
  headgate: Headgate,
  ledger: Ledger,
  { gateway, rows }: { gateway: string; rows: readonly Row[] },
): Promise<string[]> {
  const byId = new Map(ledger.sent.map((one) => [one.ended?.id, one]));
  const faults = rows.map(async ({ id }) => {
    const body = async (part: string) =>
      (await headgate.api('GET', `ai-gateway/gateways/${gateway}/logs/${id}/${part}`)).text();
    const [request, response] = [await body('request'), await body('response')];
    const asked = askedBy(request);
    if (asked === null) return [`${gateway}: the request of row ${id} cannot be read: ${request.slice(0, 100)}`];
    const sent = byId.get(id) ?? ledger.sent.find((one) => one.asked.nonce === asked.nonce);
    if (sent?.asked.nonce !== asked.nonce) return [`${gateway}: row ${id} holds the request of another call`];
    const fault = faultOf(ledger, sent, asked.model === 'failing' ? 500 : 200, response);
    return fault === null ? [] : [`row ${id}: ${fault}`];
  });
  return (await Promise.all(faults)).flat();
}

function askedBy(request: string): Asked | null {
  try {
    const { model, messages } = JSON.parse(request);
    const asked = { model, nonce: messages[0].content };
    return bodyOf(asked) === request ? asked : null;
  } catch {
    return null;
  }
}

interface Sums {
  requests: number;
  errors: number;
  cached: number;
  tokens_in: number;
  tokens_out: number;
  cost: number;
}

/** The sums by the hour, which are kept, and those of hours that the range cuts, which are added up. */
async function checkSums(headgate: Headgate, gateway: string, rows: readonly Row[]): Promise<string[]> {
  const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const totals = async (cutMs: number, groupBy: string) => {
    const [start, end] = [hour - 24 * HOUR_MS + cutMs, hour + HOUR_MS - cutMs].map((at) => new Date(at).toISOString());
    const path = `ai-gateway/gateways/${gateway}/analytics?start=${start}&end=${end}&group_by=${groupBy}`;
    const answer = await headgate.api('GET', path);
    const found = ((await answer.json()) as { result: { totals: Sums } }).result.totals;
    const shown = Object.keys(sums).map((name) => [name, found[name as keyof Sums]]);
    return JSON.stringify({ ...Object.fromEntries(shown), cost: Math.round(found.cost * 1000) });
  };
  const sums: Sums = { requests: 0, errors: 0, cached: 0, tokens_in: 0, tokens_out: 0, cost: 0 };
  for (const row of rows) {
    sums.requests += 1;
    sums.errors += row.outcome === 'success' ? 0 : 1;
    sums.cached += row.cached ? 1 : 0;
    sums.tokens_in += row.tokens_in ?? 0;
    sums.tokens_out += row.tokens_out ?? 0;
    sums.cost += Math.round((row.cost ?? 0) * 1000);
  }
  const meant = JSON.stringify(sums);
  const [kept, added] = [await totals(0, 'outcome'), await totals(1, 'outcome')];
  const faults = kept === meant ? [] : [`${gateway}: roll-ups say ${kept}, rows ${meant}`];
  return added === meant ? faults : [...faults, `${gateway}: sums over columns say ${added}, rows ${meant}`];
}

/** All that was answered is in force, of what was under way all or nothing; what is found becomes what is promised. */
export async function checkPromised(headgate: Headgate, ledger: Ledger): Promise<string[]> {
  const faults: string[] = [];
  for (const [subject, promised] of ledger.promised) {
    const found = await readSubject(headgate, ledger, subject);
    const allowed = [promised.acknowledged, ...(promised.underWay === null ? [] : [promised.underWay.to])];
    if (!allowed.some((value) => Bun.deepEquals(value, found))) {
      faults.push(`${subject}: is ${JSON.stringify(found)}, answered was ${JSON.stringify(promised.acknowledged)}`);
    }
    promised.acknowledged = found;
    promised.underWay = null;
  }
  return faults;
}

/** A stored key that is listed opens: a call that names it goes upstream. */
export async function checkKeys(headgate: Headgate, ledger: Ledger): Promise<string[]> {
  const kept = [...ledger.promised].filter(([name, { acknowledged }]) => name.startsWith('key ') && acknowledged);
  const faults = kept.slice(-3).map(async ([subject]) => {
    const answer = await fetch(`${headgate.origin}/v1/local/${ledger.gateways.plain}/openai/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'cf-aig-authorization': `Bearer ${headgate.adminToken}`,
        'cf-aig-byok-alias': subject.split(' ')[1] ?? '',
        'cf-aig-collect-log': 'false',
      },
      body: bodyOf({ model: 'plain', nonce: 'key' }),
    });
    const text = await answer.text();
    return text === answerTo({ model: 'plain', nonce: 'key' }) ? [] : [`${subject} cannot be used: ${text}`];
  });
  return (await Promise.all(faults)).flat();
}

/** What each key gives is an answer that was asked for under it; the second time exactly the same. */
export async function checkCache(headgate: Headgate, ledger: Ledger): Promise<{ faults: string[]; hits: number }> {
  const faults: string[] = [];
  let hits = 0;
  for (const probe of cacheProbes(ledger)) {
    const first = await call(headgate, probe);
    const text = await first.text();
    const fault = faultOf(ledger, probe, first.status, text);
    if (fault !== null) faults.push(`cache: ${fault}`);
    if (first.headers.get('cf-aig-cache-status') === 'HIT') hits += 1;
    const second = await call(headgate, probe);
    const [again, status] = [await second.text(), second.headers.get('cf-aig-cache-status')];
    if (status !== 'HIT' || again !== text) faults.push(`cache: ${probe.cacheKey} changed: ${status} ${again}`);
  }
  return { faults, hits };
}

export interface Counted {
  faults: string[];
  /** Calls that had ended and that the counter no longer knows; may be below 0 for calls that never ended. */
  forgottenCalls: number;
}

/**
 * Rate and spend counters: all that had ended by `countedUntilMs` counts, and no more than was sent. How much of the
 * limit is spent shows by filling it up: calls of half of it, a quarter and so on pass where there is room.
 */
export async function checkCounters(headgate: Headgate, ledger: Ledger, countedUntilMs: number): Promise<Counted> {
  const gateway = ledger.gateways.limited;
  const sent = ledger.sent.filter((one) => one.gateway === gateway);
  const ended = sent.filter((one) => one.ended !== null);
  const least = ended.filter((one) => (one.ended?.atMs ?? 0) <= countedUntilMs).length;
  const probe: Sent = { gateway, asked: { model: 'plain', nonce: 'probe' }, cacheKey: null, ended: null };
  const first = await call(headgate, probe, 0);
  await first.text();
  const calls = RATE_LIMIT - Number(first.headers.get('ratelimit-remaining')) - 1;
  let left = 0;
  for (let units = LIMIT_UNITS; units >= 1; units /= 2) {
    const answer = await call(headgate, probe, units);
    await answer.text();
    if (answer.status === 200) left += units;
  }
  const spent = LIMIT_UNITS - left;
  const faults = Object.entries({ 'rate limit': calls, 'spend limit': spent }).flatMap(([name, counted]) =>
    counted >= least && counted <= sent.length
      ? []
      : [`${name}: ${counted} are counted, must be at least ${least}, at most ${sent.length}`],
  );
  return { faults, forgottenCalls: ended.length - Math.min(calls, spent) };
}

/** Health and metrics say no damage and no loss. */
export async function checkHealth(headgate: Headgate): Promise<string[]> {
  const metrics = await metricsOf(headgate);
  const zero = ['headgate_log_damaged_segments_total', 'headgate_log_failing', 'headgate_log_dropped_rows_total'];
  const faults = zero.filter((name) => metrics.get(name) !== 0).map((name) => `${name} is ${metrics.get(name)}`);
  const ready = await fetch(`${headgate.origin}/readyz`);
  return ready.status === 200 ? faults : [...faults, `/readyz: ${await ready.text()}`];
}

/** Lines that a start after a crash must not print: stacks, complaints. Lines about the stop that was asked for are none. */
export function complaintsIn(output: string): string[] {
  const isComplaint = (line: string) => /^\s+at |[Ee]rror|damaged|set aside|cannot|could not/.test(line);
  return output.split('\n').filter(isComplaint);
}
