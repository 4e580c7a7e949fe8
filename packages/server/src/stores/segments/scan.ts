import type { LogOrder, LogSelection } from '../log-ports.ts';
import { type Chunk, type NumberName, idNumbers, viewOf, type Zone } from './chunk.ts';
import type { NumberColumn } from './columns.ts';
import { type Conditions, compile, type RowTest } from './conditions.ts';
import type { Ending, Origin } from './row-codec.ts';
import type { Profiles, Scanned } from './segment-reader.ts';
import type { Candidate, TopRows } from './top-rows.ts';

/** Receives the matches of a scan, chunk by chunk. `mask[i]` is 1 for each of the `count` rows that match. */
export type Sink = (found: {
  chunk: Chunk;
  mask: Uint8Array;
  count: number;
  segment: number;
  profiles: Profiles;
}) => void;

/** Runs a selection's filters over segments, and gives the number of matches. */
export class Scan {
  readonly #conditions: Conditions;
  readonly #newestFirst: boolean;

  /** `also`: a further test that rows must pass. */
  constructor(selection: LogSelection, also: RowTest | null = null) {
    this.#conditions = compile(selection);
    if (also !== null) this.#conditions.rows.unshift(also);
    this.#newestFirst = selection.direction === 'desc';
  }

  /** Scans one segment; within it in the direction of the order, so that good candidates come early. */
  segment(segment: number, { profiles, chunks }: Scanned, sink: Sink): number {
    const origins = verdicts(profiles.origin, this.#conditions.origin);
    const endings = verdicts(profiles.ending, this.#conditions.ending);
    if (!origins.includes(1) || !endings.includes(1)) return 0;
    let total = 0;
    for (const chunk of this.#newestFirst ? chunks.toReversed() : chunks) {
      const mask = new Uint8Array(chunk.rows).fill(1);
      if (!this.#filter(chunk, mask, profiles)) continue;
      if (origins.includes(0)) keepGood(mask, chunk.numbers('origin'), origins);
      if (endings.includes(0)) keepGood(mask, chunk.numbers('ending'), endings);
      let count = 0;
      for (let i = 0; i < mask.length; i++) count += mask[i] ?? 0;
      if (count > 0) sink({ chunk, mask, count, segment, profiles });
      total += count;
    }
    return total;
  }

  #filter(chunk: Chunk, mask: Uint8Array, profiles: Profiles): boolean {
    for (const test of this.#conditions.rows) {
      const verdict = test.verdict(chunk);
      if (verdict === 'none') return false;
      if (verdict === 'some') test.apply(chunk, mask, profiles);
    }
    return true;
  }
}

/** 1 for each profile that passes all tests. */
function verdicts<T>(profiles: readonly T[], tests: ((profile: T) => boolean)[]): Uint8Array {
  return Uint8Array.from(profiles, (profile) => Number(tests.every((test) => test(profile))));
}

function keepGood(mask: Uint8Array, numbers: NumberColumn, good: Uint8Array): void {
  for (let i = 0; i < mask.length; i++) if (good[numbers[i] ?? -1] !== 1) mask[i] = 0;
}

const NUMBER_ORDERS: Partial<Record<LogOrder, NumberName>> = {
  created_at: 'created',
  cost: 'cost',
  tokens_in: 'tokensIn',
  tokens_out: 'tokensOut',
  duration: 'duration',
  feedback: 'feedback',
};

type Key = Candidate['key'];

const ORIGIN_ORDERS: Partial<Record<LogOrder, (origin: Origin) => Key>> = {
  provider: (o) => o.provider,
  model: (o) => o.model,
  model_type: (o) => o.modelType,
};

const ENDING_ORDERS: Partial<Record<LogOrder, (ending: Ending) => Key>> = {
  success: (e) => Number(e.outcome === 'success'),
  cached: (e) => Number(e.cached),
};

/** Offers matches to `top`, reading only the chunks that can still contribute. */
export function topSink({ orderBy, direction }: LogSelection, top: TopRows): Sink {
  const first = (zone: Zone | null) => zone && (direction === 'asc' ? zone.min : zone.max);
  return ({ chunk, mask, segment, profiles }) => {
    const keys = keysOf(chunk, profiles, orderBy);
    const firstId = first(chunk.zone('id'));
    const possible = keys.zone === null ? keys.distinct : [first(keys.zone)];
    if (possible !== null && !possible.some((key) => top.mayTake(key, firstId))) return;
    const keyOf = keys.read();
    let parts: { seqs: Float64Array; ids: DataView } | null = null;
    for (let n = 0; n < mask.length; n++) {
      const i = direction === 'asc' ? n : mask.length - 1 - n;
      if (mask[i] === 0) continue;
      const key = keyOf(i);
      if (!top.mayTake(key, firstId)) continue;
      parts ??= partsOf(chunk);
      top.offer({ segment, seq: parts.seqs[i] ?? 0, key, id: idNumbers(parts.ids, i) });
    }
  };
}

interface Keys {
  /** What is known of the keys before they are read: their zone, or all those that there can be. */
  zone: Zone | null;
  distinct: Key[] | null;
  read(): (row: number) => Key;
}

function keysOf(chunk: Chunk, profiles: Profiles, orderBy: LogOrder): Keys {
  const column = NUMBER_ORDERS[orderBy];
  if (column !== undefined) return { zone: chunk.zone(column), distinct: null, read: () => numberKeys(chunk, column) };
  const ofOrigin = ORIGIN_ORDERS[orderBy];
  const ofEnding = ENDING_ORDERS[orderBy];
  const keys =
    ofOrigin === undefined ? profiles.ending.map((e) => ofEnding?.(e) ?? null) : profiles.origin.map(ofOrigin);
  const read = () => {
    const numbers = chunk.numbers(ofOrigin === undefined ? 'ending' : 'origin');
    return (row: number) => keys[numbers[row] ?? -1] ?? null;
  };
  return { zone: null, distinct: [...new Set(keys)], read };
}

function numberKeys(chunk: Chunk, column: NumberName): (row: number) => Key {
  const values = chunk.numbers(column);
  return (row) => {
    const value = values[row] ?? Number.NaN;
    return Number.isNaN(value) ? null : value;
  };
}

function partsOf(chunk: Chunk): { seqs: Float64Array; ids: DataView } {
  return { seqs: chunk.numbers('seq'), ids: viewOf(chunk.ids()) };
}
