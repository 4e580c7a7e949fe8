import type { Claim, CounterWindow, Decision, Reservation, ReserveOutcome, Standing } from '../counter-ports.ts';
import { Counter, type Journal } from './counter.ts';

export interface CounterBounds {
  /** Most counters held. One more drops the one, of a few looked at, that would be empty soonest. */
  maxCounters: number;
  /** Entries that all counters share; more counters leave fewer to each, and sliding windows grow coarser. */
  maxEntries: number;
}

/** About 100 MB when all of it is used. */
export const DEFAULT_BOUNDS: CounterBounds = { maxCounters: 100_000, maxEntries: 2_000_000 };

/** A counter may hold this many entries however many counters there are, and no more than this however few. */
const LEAST_ENTRIES = 64;
const MOST_ENTRIES = 65_536;
/** Counters looked at for each new one: more than one, so that dead ones go faster than new ones come. */
const SWEEP_STEPS = 4;
const EVICTION_SAMPLE = 16;

interface Hold {
  claim: Claim;
  /** Null when nothing was reserved. */
  counter: Counter | null;
  atMs: number;
}

/** The counters of one process and every decision about them. Single-threaded, so each method is atomic. */
export class CounterSet {
  evicted = 0;
  #counters = new Map<string, Counter>();
  #sweep = this.#counters.values();

  constructor(
    private readonly bounds: CounterBounds,
    private readonly journal: Journal | null,
  ) {}

  get size(): number {
    return this.#counters.size;
  }

  get(key: string): Counter | undefined {
    return this.#counters.get(key);
  }

  take(key: string, window: CounterWindow, amount: bigint, nowMs: number): Decision {
    const counter = this.#live(key, window, nowMs);
    if (!fits(counter, window, amount)) return refused(counter, window, { amount, nowMs });
    const taken = amount === 0n ? counter : (counter ?? this.#create(key, window, nowMs));
    if (amount > 0n) taken?.add(amount, nowMs, this.#entriesEach());
    return { granted: true, ...standing(taken, window, nowMs) };
  }

  reserve(claims: readonly Claim[], nowMs: number): ReserveOutcome {
    const over: number[] = [];
    for (const [index, { key, window, amount, enforced }] of claims.entries()) {
      const counter = this.#live(key, window, nowMs);
      if (fits(counter, window, amount)) continue;
      if (enforced) return { granted: false, refusedBy: index, decision: refused(counter, window, { amount, nowMs }) };
      over.push(index);
    }
    const holds = claims.map((claim) => this.#hold(claim, nowMs));
    return { granted: true, reservation: this.#reservation(holds), over };
  }

  peek(key: string, window: CounterWindow, nowMs: number): Standing {
    return standing(this.#live(key, window, nowMs), window, nowMs);
  }

  /** Makes the counter unless it is there already, without telling the journal: it comes from disk. */
  restore(key: string, window: Omit<CounterWindow, 'limit'>): Counter {
    const counter = this.#counters.get(key) ?? new Counter(key, window.technique, window.intervalMs, this.journal);
    this.#counters.set(key, counter);
    return counter;
  }

  /** The counter moved to `nowMs`; undefined when there is none for this window. */
  #live(key: string, window: CounterWindow, nowMs: number): Counter | undefined {
    const counter = this.#counters.get(key);
    if (counter === undefined) return undefined;
    if (counter.intervalMs !== window.intervalMs || counter.technique !== window.technique) return undefined;
    counter.advance(nowMs);
    return counter;
  }

  #hold(claim: Claim, nowMs: number): Hold {
    if (claim.amount === 0n) return { claim, counter: null, atMs: nowMs };
    const counter = this.#live(claim.key, claim.window, nowMs) ?? this.#create(claim.key, claim.window, nowMs);
    return { claim, counter, atMs: counter.add(claim.amount, nowMs, this.#entriesEach()) };
  }

  #reservation(holds: readonly Hold[]): Reservation {
    let open = true;
    const settle = (actual: bigint, nowMs: number) => {
      if (!open) return;
      open = false;
      for (const hold of holds) this.#settle(hold, actual, nowMs);
    };
    return { settle, release: (nowMs) => settle(0n, nowMs) };
  }

  #settle({ claim, counter, atMs }: Hold, actual: bigint, nowMs: number): void {
    const beyond = actual - claim.amount;
    // What is there now, whatever its window: the limit may have been changed, or the counter evicted, since.
    const current = this.#counters.get(claim.key);
    current?.advance(nowMs);
    if (beyond > 0n) {
      (current ?? this.#create(claim.key, claim.window, nowMs)).add(beyond, nowMs, this.#entriesEach());
    } else if (beyond < 0n && counter !== null && counter === current) {
      counter.subtract(-beyond, atMs, nowMs);
    }
  }

  /** Replaces one of another window. */
  #create(key: string, window: CounterWindow, nowMs: number): Counter {
    const replaced = this.#counters.get(key);
    if (replaced !== undefined) this.#drop(replaced);
    this.#makeRoom(nowMs);
    const counter = new Counter(key, window.technique, window.intervalMs, this.journal);
    this.#counters.set(key, counter);
    this.journal?.rewritten(counter);
    return counter;
  }

  /** A power of two. */
  #entriesEach(): number {
    const share = Math.floor(this.bounds.maxEntries / Math.max(1, this.#counters.size));
    return 2 ** (31 - Math.clz32(Math.min(MOST_ENTRIES, Math.max(LEAST_ENTRIES, share))));
  }

  /** Drops counters that are empty, a few at each call; when there are too many all the same, one that is not. */
  #makeRoom(nowMs: number): void {
    for (let step = 0; step < SWEEP_STEPS; step++) {
      const counter = this.#nextSwept();
      if (counter !== undefined && counter.emptyAtMs <= nowMs) this.#drop(counter);
    }
    if (this.#counters.size < this.bounds.maxCounters) return;
    let soonest: Counter | undefined;
    for (let step = 0; step < EVICTION_SAMPLE; step++) {
      const counter = this.#nextSwept();
      if (soonest === undefined || (counter !== undefined && counter.emptyAtMs < soonest.emptyAtMs)) soonest = counter;
    }
    if (soonest === undefined) return;
    this.#drop(soonest);
    if (soonest.emptyAtMs > nowMs) this.evicted++;
  }

  /** Goes round and round; a map's iterator sees what is added and skips what is deleted. */
  #nextSwept(): Counter | undefined {
    let next = this.#sweep.next();
    if (next.done) {
      this.#sweep = this.#counters.values();
      next = this.#sweep.next();
    }
    return next.value;
  }

  #drop(counter: Counter): void {
    this.#counters.delete(counter.key);
    this.journal?.dropped(counter);
  }
}

/** An amount of zero does not fit either once the limit is used up. */
function fits(counter: Counter | undefined, { limit }: CounterWindow, amount: bigint): boolean {
  const used = counter?.sum ?? 0n;
  return used < limit && used + amount <= limit;
}

function standing(counter: Counter | undefined, { limit }: CounterWindow, nowMs: number): Standing {
  const used = counter?.sum ?? 0n;
  return { limit, used, remaining: used < limit ? limit - used : 0n, resetMs: counter?.waitMs(1n, nowMs) ?? 0 };
}

function refused(
  counter: Counter | undefined,
  window: CounterWindow,
  { amount, nowMs }: { amount: bigint; nowMs: number },
): Decision {
  const needed = amount > 0n ? amount : 1n;
  const now = standing(counter, window, nowMs);
  const resetMs =
    needed > window.limit || counter === undefined
      ? window.intervalMs
      : counter.waitMs(now.used + needed - window.limit, nowMs);
  return { granted: false, ...now, resetMs };
}
