/**
 * How roll-ups lie in the file. An hour of a cube is a list of groups with their vectors, by column: sums in one blob, and
 * in another the counts of the two times, of which most are zero. What changed since is a vector to each group.
 */
import { DamagedSegment, trusting } from './damage.ts';
import { decodeColumns, encodeColumns, type NumberColumn } from './columns.ts';
import { requestsOf, SUM_COUNT, type Vector, VECTOR_LENGTH } from './measures.ts';

export const HOUR_MS = 3_600_000;
/** A change of group `g` in hour `h` has the key `h * GROUP_SPACE + g`. */
export const GROUP_SPACE = 2 ** 20;
/** Hour `h` of cube `c` has the key `c * HOUR_SPACE + h`. */
export const HOUR_SPACE = 2 ** 32;

export interface PackedHour {
  sums: Uint8Array;
  times: Uint8Array;
}

/** Null when no group has a row left. */
export function packHour(groups: ReadonlyMap<number, Vector>): PackedHour | null {
  const kept = [...groups].filter(([, vector]) => requestsOf(vector) !== 0).sort(([a], [b]) => a - b);
  if (kept.length === 0) return null;
  const sizes: number[] = [];
  const buckets: number[] = [];
  const counts: number[] = [];
  for (const [, vector] of kept) {
    const before = counts.length;
    for (let at = SUM_COUNT; at < VECTOR_LENGTH; at++) {
      if (vector[at] === 0) continue;
      buckets.push(at);
      counts.push(vector[at] ?? 0);
    }
    sizes.push(counts.length - before);
  }
  const numbers = Float64Array.from(kept, ([group]) => group);
  const sums = Array.from({ length: SUM_COUNT }, (_, at) => Float64Array.from(kept, ([, vector]) => vector[at] ?? 0));
  return {
    sums: encodeColumns([numbers, ...sums]),
    times: encodeColumns([sizes, buckets, counts].map((values) => Float64Array.from(values))),
  };
}

/**
 * Adds the groups of a packed hour to vectors. `vectorOf` may give null for a group that is not wanted. Without `times`
 * vectors get sums only.
 * @throws DamagedSegment
 */
export function addHour(
  { sums, times }: { sums: Uint8Array; times: Uint8Array | null },
  vectorOf: (group: number) => Vector | null,
): void {
  const [groups = NONE, ...columns] = trusting('a roll-up', () => decodeColumns(sums));
  const vectors = Array.from(groups, vectorOf);
  columns.forEach((column, at) => {
    for (let i = 0; i < vectors.length; i++) plus(vectors[i] ?? null, at, column[i] ?? 0);
  });
  if (times === null) return;
  const [sizes = NONE, buckets = NONE, counts = NONE] = trusting('a roll-up', () => decodeColumns(times));
  let next = 0;
  for (let i = 0; i < vectors.length; i++) {
    const end = next + (sizes[i] ?? 0);
    const vector = vectors[i] ?? null;
    for (; next < end; next++) plus(vector, buckets[next] ?? 0, counts[next] ?? 0);
  }
}

const NONE: NumberColumn = new Float64Array(0);

function plus(vector: Vector | null, at: number, value: number): void {
  if (vector !== null) vector[at] = (vector[at] ?? 0) + value;
}

/** An entry is its place in the vector, a byte, and its value, a double. */
const ENTRY_BYTES = 9;

/** The entries of a vector that are not zero. */
export function encodeChange(vector: Vector): Uint8Array {
  const bytes = new Uint8Array(VECTOR_LENGTH * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  let end = 0;
  for (let at = 0; at < vector.length; at++) {
    const value = vector[at] ?? 0;
    if (value === 0) continue;
    view.setUint8(end, at);
    view.setFloat64(end + 1, value, true);
    end += ENTRY_BYTES;
  }
  return bytes.subarray(0, end);
}

/** @throws DamagedSegment */
export function addChange(data: Uint8Array, vector: Vector): void {
  if (data.byteLength % ENTRY_BYTES !== 0) throw new DamagedSegment('a change of a roll-up is cut short');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let from = 0; from < data.byteLength; from += ENTRY_BYTES) {
    const at = view.getUint8(from);
    if (at < vector.length) plus(vector, at, view.getFloat64(from + 1, true));
  }
}
