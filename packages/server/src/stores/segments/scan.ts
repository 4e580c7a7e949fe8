import type { LogOrder, LogSelection } from '../ports.ts';
import type { Chunk, NumberName } from './chunk.ts';
import { type Conditions, compile } from './conditions.ts';
import type { Profile } from './row-codec.ts';
import type { SegmentView } from './segment-reader.ts';
import type { Candidate, TopRows } from './top-rows.ts';

/** Receives the matches of a scan, chunk by chunk. `mask[i]` is 1 for each of the `count` rows that match. */
export type Sink = (found: {
  chunk: Chunk;
  mask: Uint8Array;
  count: number;
  segment: number;
  profiles: readonly Profile[];
}) => void;

/** Runs a selection's filters over segments, and gives the number of matches. */
export class Scan {
  readonly #conditions: Conditions;
  readonly #newestFirst: boolean;

  constructor(selection: LogSelection) {
    this.#conditions = compile(selection);
    this.#newestFirst = selection.direction === 'desc';
  }

  /** Scans one segment; within it in the direction of the order, so that good candidates come early. */
  segment(segment: number, { profiles, chunks }: SegmentView, sink: Sink): number {
    const good = Uint8Array.from(profiles, (profile) =>
      Number(this.#conditions.profile.every((test) => test(profile))),
    );
    if (this.#conditions.profile.length > 0 && !good.includes(1)) return 0;
    const allGood = !good.includes(0);
    let total = 0;
    for (const chunk of this.#newestFirst ? chunks.toReversed() : chunks) {
      const mask = new Uint8Array(chunk.rows).fill(1);
      if (!this.#filter(chunk, mask, profiles)) continue;
      if (!allGood) {
        const numbers = chunk.numbers('profile');
        for (let i = 0; i < mask.length; i++) if (good[numbers[i] ?? -1] !== 1) mask[i] = 0;
      }
      let count = 0;
      for (let i = 0; i < mask.length; i++) count += mask[i] ?? 0;
      if (count > 0) sink({ chunk, mask, count, segment, profiles });
      total += count;
    }
    return total;
  }

  #filter(chunk: Chunk, mask: Uint8Array, profiles: readonly Profile[]): boolean {
    for (const test of this.#conditions.rows) {
      const verdict = test.verdict(chunk);
      if (verdict === 'none') return false;
      if (verdict === 'some') test.apply(chunk, mask, profiles);
    }
    return true;
  }
}

const NUMBER_ORDERS: Partial<Record<LogOrder, NumberName>> = {
  created_at: 'created',
  cost: 'cost',
  tokens_in: 'tokensIn',
  tokens_out: 'tokensOut',
  duration: 'duration',
  feedback: 'feedback',
};

const PROFILE_ORDERS: Partial<Record<LogOrder, (profile: Profile) => number | string | null>> = {
  provider: (p) => p.provider,
  model: (p) => p.model,
  model_type: (p) => p.modelType,
  success: (p) => Number(p.outcome === 'success'),
  cached: (p) => Number(p.cached),
};

/** Offers matches to `top`, reading only the chunks that can still contribute. */
export function topSink({ orderBy, direction }: LogSelection, top: TopRows): Sink {
  const column = NUMBER_ORDERS[orderBy];
  const ofProfile = PROFILE_ORDERS[orderBy];
  return ({ chunk, mask, segment, profiles }) => {
    const zone = column === undefined ? null : chunk.zone(column);
    if (zone !== null && !top.mayTake(direction === 'asc' ? zone.min : zone.max)) return;
    const keys = column === undefined ? profileKeys(chunk, profiles, ofProfile) : numberKeys(chunk, column);
    let parts: { seqs: Float64Array; ids: DataView } | null = null;
    for (let n = 0; n < mask.length; n++) {
      const i = direction === 'asc' ? n : mask.length - 1 - n;
      if (mask[i] === 0) continue;
      const key = keys(i);
      if (!top.mayTake(key)) continue;
      parts ??= partsOf(chunk);
      top.offer({ segment, seq: parts.seqs[i] ?? 0, key, id: idNumbers(parts.ids, i) });
    }
  };
}

function numberKeys(chunk: Chunk, column: NumberName): (row: number) => Candidate['key'] {
  const values = chunk.numbers(column);
  return (row) => {
    const value = values[row] ?? Number.NaN;
    return Number.isNaN(value) ? null : value;
  };
}

function profileKeys(
  chunk: Chunk,
  profiles: readonly Profile[],
  read: (profile: Profile) => Candidate['key'] = () => null,
): (row: number) => Candidate['key'] {
  const numbers = chunk.numbers('profile');
  const keys = profiles.map(read);
  return (row) => keys[numbers[row] ?? -1] ?? null;
}

function partsOf(chunk: Chunk): { seqs: Float64Array; ids: DataView } {
  const ids = chunk.ids();
  return { seqs: chunk.numbers('seq'), ids: new DataView(ids.buffer, ids.byteOffset, ids.byteLength) };
}

/** 128 bits as 48, 48 and 32, each of which a double holds. */
function idNumbers(ids: DataView, row: number): [number, number, number] {
  const at = row * 16;
  const wide = (offset: number) => ids.getUint32(offset) * 0x10000 + ids.getUint16(offset + 4);
  return [wide(at), wide(at + 6), ids.getUint32(at + 12)];
}
