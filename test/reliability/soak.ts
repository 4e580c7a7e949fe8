import { type Headgate, startHeadgate } from '../support/headgate.ts';
import { GATEWAYS, type Planned, plan, rowsOwed, type Seen, wrongIn } from './soak-calls.ts';
import { openScene, type Scene } from './soak-changes.ts';
import { rowCount, rowsBetween, wrongRows } from './soak-log.ts';
import { type Slope, type SlopeLimit, slopeOf } from './soak-slope.ts';
import { startModels } from './upstream.ts';
import { metricsOf, processFigures, until } from './watching.ts';

export interface SoakOptions {
  seconds: number;
  /** Calls a second. */
  rate: number;
  memory: SlopeLimit;
  descriptors: SlopeLimit;
  onProgress?: (line: string) => void;
}

export interface Sample {
  atS: number;
  calls: number;
  residentBytes: number;
  descriptors: number;
  activeAttempts: number;
  queuedRows: number;
  queuedBytes: number;
  unwrittenCounters: number;
  inFlight: number;
}

export interface SoakReport {
  calls: number;
  /** Calls not made because too many were under way. */
  heldBack: number;
  changes: number;
  rows: number;
  samples: Sample[];
  memory: Slope | null;
  descriptors: Slope | null;
  /** How reading and comparing the log took, in seconds. */
  readingS: number;
  /** Empty: all as it should be. */
  failures: string[];
}

/** As many calls under way at most. The runtime's own `fetch` is held to 256. */
const IN_FLIGHT = 200;
const CHANGE_EVERY_MS = 250;
const CALL_WITHIN_MS = 30_000;
/** Of one kind of failure as many are told. */
const TOLD = 10;
const MUST_BE_ZERO = [
  'headgate_log_dropped_rows_total',
  'headgate_log_dropped_bodies_total',
  'headgate_log_damaged_segments_total',
  'headgate_log_failing',
  'headgate_cache_dropped_writes_total',
];
const MUST_COME_TO_ZERO = ['headgate_active_attempts', 'headgate_log_queued_rows', 'headgate_log_queued_bytes'];

/** Runs the real server under steady mixed traffic and tells what was not as it should be. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const upstream = await startModels();
  const env = {
    HEADGATE_EGRESS_ALLOW: '127.0.0.1',
    HEADGATE_PROVIDER_BASE_URLS: JSON.stringify({ openai: upstream.url, groq: upstream.url }),
  };
  const headgate = await startHeadgate({ env });
  try {
    const scene = await openScene(headgate, upstream.url);
    const startedMs = Date.now();
    const run = new Run(headgate, scene, options);
    await run.traffic();
    await run.check('the end', () =>
      until('queues empty, nothing under way', async () => {
        const metrics = await metricsOf(headgate);
        return MUST_COME_TO_ZERO.every((name) => metrics.get(name) === 0) && upstream.openRequests() === 0;
      }),
    );
    await run.compareLog(startedMs - 1000, Date.now() + 1000);
    return run.report();
  } finally {
    await headgate.stop();
    await upstream.stop();
  }
}

class Run {
  readonly #owed = new Map(Object.values(GATEWAYS).map((gateway) => [gateway, new Map<string, string>()]));
  readonly #samples: Sample[] = [];
  readonly #failures = new Map<string, string[]>();
  readonly #open = new Set<Promise<void>>();
  #calls = 0;
  #heldBack = 0;
  #changes = 0;
  #rows = 0;
  #readingS = 0;

  constructor(
    readonly headgate: Headgate,
    readonly scene: Scene,
    readonly options: SoakOptions,
  ) {}

  /** Open loop: calls come by the clock, whether earlier ones have ended or not. */
  async traffic(): Promise<void> {
    const started = performance.now();
    const endMs = this.options.seconds * 1000;
    let due = 0;
    let sampledS = -1;
    let changedMs = 0;
    let changing = Promise.resolve();
    let isChanging = false;
    for (let now = 0; now < endMs; now = performance.now() - started) {
      for (; due < (now / 1000) * this.options.rate; due++) {
        if (this.#open.size >= IN_FLIGHT) this.#heldBack += 1;
        else this.#begin();
      }
      if (now - changedMs > CHANGE_EVERY_MS && !isChanging) {
        changedMs = now;
        isChanging = true;
        changing = this.check('a change', () => this.scene.change()).finally(() => {
          this.#changes += 1;
          isChanging = false;
        });
      }
      if (Math.floor(now / 1000) > sampledS) {
        sampledS = Math.floor(now / 1000);
        await this.check('sampling', () => this.#sample(sampledS));
      }
      await Bun.sleep(1000 / this.options.rate);
    }
    await changing;
    await Promise.all(this.#open);
  }

  #begin(): void {
    const eventId = `call-${this.#calls++}`;
    const planned = plan(this.#calls, eventId);
    const token = planned.kind === 'revoked' ? this.scene.revoked : this.scene.token();
    const call = this.#call(planned, token, eventId).finally(() => {
      this.#open.delete(call);
      this.scene.release(token);
    });
    this.#open.add(call);
  }

  async #call(planned: Planned, token: string, eventId: string): Promise<void> {
    const { accountId, origin } = this.headgate;
    const leaving = new AbortController();
    const late = setTimeout(() => leaving.abort(), CALL_WITHIN_MS);
    const seen: Seen = { status: 0, text: '', broken: false, cacheStatus: null };
    try {
      const response = await fetch(`${origin}/v1/${accountId}/${planned.gateway}/${planned.path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'cf-aig-authorization': `Bearer ${token}`,
          'cf-aig-event-id': eventId,
          ...planned.headers,
        },
        body: planned.body,
        signal: leaving.signal,
      });
      seen.status = response.status;
      seen.cacheStatus = response.headers.get('cf-aig-cache-status');
      const decoder = new TextDecoder();
      for await (const piece of response.body ?? []) {
        seen.text += decoder.decode(piece, { stream: true });
        if (planned.leaves) break;
      }
    } catch {
      seen.broken = true;
    }
    if (planned.leaves) leaving.abort();
    clearTimeout(late);
    const wrong = wrongIn(planned, seen);
    if (wrong !== null) this.#fail(`answer of ${planned.kind}`, `${eventId}: ${wrong}`);
    this.#owed.get(planned.gateway)?.set(eventId, rowsOwed(planned.kind, seen));
  }

  async #sample(atS: number): Promise<void> {
    const metrics = await metricsOf(this.headgate);
    const of = (name: string) => metrics.get(name) ?? Number.NaN;
    const sample = {
      atS,
      calls: this.#calls,
      ...processFigures(this.headgate.process.pid),
      activeAttempts: of('headgate_active_attempts'),
      queuedRows: of('headgate_log_queued_rows'),
      queuedBytes: of('headgate_log_queued_bytes'),
      unwrittenCounters: of('headgate_limit_counters_unwritten'),
      inFlight: this.#open.size,
    };
    this.#samples.push(sample);
    if (atS % 15 !== 0) return;
    const { residentBytes, descriptors, queuedRows } = sample;
    const failed = this.#failures.size === 0 ? '' : `, ${this.#failures.size} kinds of failure`;
    this.options.onProgress?.(
      `${atS} s: ${this.#calls} calls, ${(residentBytes / 2 ** 20).toFixed(0)} MB, ${descriptors} descriptors, ${queuedRows} rows queued${failed}`,
    );
  }

  /** Compares the log, the counters and what the server has printed with what was called. */
  async compareLog(fromMs: number, toMs: number): Promise<void> {
    const started = performance.now();
    for (const [gateway, owed] of this.#owed) {
      const rows = await rowsBetween(this.headgate, gateway, fromMs, toMs);
      this.#rows += rows.length;
      const count = await rowCount(this.headgate, gateway);
      if (count !== rows.length) this.#fail('log', `${gateway}: ${count} rows in all, ${rows.length} listed by time`);
      for (const wrong of wrongRows(rows, owed, gateway === GATEWAYS.scratch)) this.#fail(`log of ${gateway}`, wrong);
    }
    this.#readingS = (performance.now() - started) / 1000;
    const metrics = await metricsOf(this.headgate);
    for (const name of MUST_BE_ZERO) {
      if (metrics.get(name) !== 0) this.#fail('metrics', `${name} is ${metrics.get(name)}`);
    }
    let counted = 0;
    for (const [name, value] of metrics) if (name.startsWith('headgate_calls_total{')) counted += value;
    if (counted !== this.#calls) this.#fail('metrics', `${counted} calls counted, ${this.#calls} made`);
    const printed = this.headgate.output().split('\n').filter(isComplaint);
    for (const line of printed) this.#fail('printed', line);
  }

  report(): SoakReport {
    const slope = (name: 'residentBytes' | 'descriptors', limit: SlopeLimit) => {
      const found = slopeOf(
        this.#samples.map((sample) => ({ calls: sample.calls, value: sample[name] })),
        limit,
      );
      if (found?.leaks) this.#fail('leak', `${name}: ${found.perCall.toPrecision(3)} a call`);
      return found;
    };
    const memory = slope('residentBytes', this.options.memory);
    const descriptors = slope('descriptors', this.options.descriptors);
    const failures = [...this.#failures].flatMap(([kind, list]) => [
      ...list.slice(0, TOLD).map((one) => `${kind}: ${one}`),
      ...(list.length > TOLD ? [`${kind}: ${list.length - TOLD} more`] : []),
    ]);
    return {
      calls: this.#calls,
      heldBack: this.#heldBack,
      changes: this.#changes,
      rows: this.#rows,
      samples: this.#samples,
      memory,
      descriptors,
      readingS: this.#readingS,
      failures,
    };
  }

  async check(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(what, String(error));
    }
  }

  #fail(kind: string, what: string): void {
    this.#failures.set(kind, [...(this.#failures.get(kind) ?? []), what]);
  }
}

/** The server prints nothing but where it listens and what it says at its start. */
function isComplaint(line: string): boolean {
  return /error|headgate: |warning|exception|rejection/i.test(line);
}
