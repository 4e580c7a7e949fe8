/**
 * How a column of a chunk lies in the file. Numbers: as unsigned integers above the smallest, of the narrowest width
 * that holds them, else as doubles. Texts: their lengths as numbers, then all characters in a row, so that one search
 * runs over a whole chunk. All compressed with zstd.
 */

/** Values in row order; NaN stands for missing. */
export type NumberColumn = Float64Array;

/** Texts in a row, not one to a row of the table: metadata has as many to a row as it has keys. */
export interface TextColumn {
  chars: string;
  /** Text `i` is `chars.slice(ends[i - 1], ends[i])`. */
  ends: Uint32Array;
  /** 1 where the text is missing, else 0. */
  missing: Uint8Array;
}

export function encodeNumbers(values: NumberColumn): Uint8Array {
  return compress(numberBytes(values));
}

export function decodeNumbers(data: Uint8Array): NumberColumn {
  return numbersFrom(Bun.zstdDecompressSync(data));
}

export function encodeTexts(texts: (string | null)[]): Uint8Array {
  const lengths = numberBytes(Float64Array.from(texts, (text) => text?.length ?? Number.NaN));
  const chars = texts.join('');
  const narrow = /^[\0-\xff]*$/.test(chars);
  const head = new Uint8Array(8);
  new DataView(head.buffer).setUint32(0, lengths.byteLength);
  head[4] = narrow ? 1 : 2;
  return compress(Buffer.concat([head, lengths, Buffer.from(chars, narrow ? 'latin1' : 'utf16le')]));
}

export function decodeTexts(data: Uint8Array): TextColumn {
  const bytes = Bun.zstdDecompressSync(data);
  const size = bytes.readUInt32BE(0);
  const lengths = numbersFrom(bytes.subarray(8, 8 + size));
  const chars = bytes.toString(bytes[4] === 1 ? 'latin1' : 'utf16le', 8 + size);
  return textColumn(chars, lengths);
}

/** From texts as they are, for rows that are not in a chunk yet. */
export function textsOf(texts: (string | null)[]): TextColumn {
  return textColumn(
    texts.join(''),
    Float64Array.from(texts, (text) => text?.length ?? Number.NaN),
  );
}

/** Several columns in one. */
export function encodeColumns(columns: readonly NumberColumn[]): Uint8Array {
  const parts = columns.map(numberBytes);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + LENGTH_BYTES + aligned(part.byteLength), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.byteLength, true);
    bytes.set(part, at + LENGTH_BYTES);
    at += LENGTH_BYTES + aligned(part.byteLength);
  }
  return compress(bytes);
}

export function decodeColumns(data: Uint8Array): NumberColumn[] {
  const bytes = Bun.zstdDecompressSync(data);
  const columns: NumberColumn[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const length = bytes.readUInt32LE(at);
    columns.push(numbersFrom(bytes.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + length)));
    at += LENGTH_BYTES + aligned(length);
  }
  return columns;
}

/** Ids of 16 bytes each. */
export function encodeIds(ids: Uint8Array): Uint8Array {
  return compress(ids);
}

export function decodeIds(data: Uint8Array): Uint8Array {
  return Bun.zstdDecompressSync(data);
}

function textColumn(chars: string, lengths: NumberColumn): TextColumn {
  const ends = new Uint32Array(lengths.length);
  const missing = new Uint8Array(lengths.length);
  let end = 0;
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i] ?? Number.NaN;
    if (Number.isNaN(length)) missing[i] = 1;
    else end += length;
    ends[i] = end;
  }
  return { chars, ends, missing };
}

/** Each of several columns follows its length, at a multiple of eight bytes. */
const LENGTH_BYTES = 8;
const aligned = (length: number) => Math.ceil(length / 8) * 8;

const HEAD_BYTES = 24;
/** Values `base + step * i`: constants and unbroken sequences take no room. */
const SEQUENCE = 0;
const DOUBLES = 8;

function numberBytes(values: NumberColumn): Uint8Array {
  const { width, base, step } = shapeOf(values);
  const bytes = new Uint8Array(HEAD_BYTES + width * values.length);
  const head = new DataView(bytes.buffer);
  head.setUint8(0, width);
  head.setUint32(4, values.length, true);
  head.setFloat64(8, base, true);
  head.setFloat64(16, step, true);
  if (width === SEQUENCE) return bytes;
  if (width === DOUBLES) {
    new Float64Array(bytes.buffer, HEAD_BYTES).set(values);
    return bytes;
  }
  const units = unsigned(bytes, width);
  const none = 2 ** (8 * width) - 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    units[i] = Number.isNaN(value) ? none : (value - base) / step;
  }
  return bytes;
}

function numbersFrom(bytes: Uint8Array): NumberColumn {
  // Typed arrays need aligned bytes; those of a slice are not.
  const own = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const head = new DataView(own.buffer, own.byteOffset, HEAD_BYTES);
  const width = head.getUint8(0);
  const count = head.getUint32(4, true);
  const base = head.getFloat64(8, true);
  const step = head.getFloat64(16, true);
  if (width === DOUBLES) return new Float64Array(own.buffer, own.byteOffset + HEAD_BYTES, count);
  const values = new Float64Array(count);
  if (width === SEQUENCE) {
    for (let i = 0; i < count; i++) values[i] = base + step * i;
    return values;
  }
  const units = unsigned(own, width);
  const none = 2 ** (8 * width) - 1;
  for (let i = 0; i < count; i++) {
    const unit = units[i] ?? none;
    values[i] = unit === none ? Number.NaN : base + step * unit;
  }
  return values;
}

function unsigned(bytes: Uint8Array, width: number): Uint8Array | Uint16Array | Uint32Array {
  const start = bytes.byteOffset + HEAD_BYTES;
  const count = (bytes.byteLength - HEAD_BYTES) / width;
  if (width === 1) return new Uint8Array(bytes.buffer, start, count);
  return width === 2 ? new Uint16Array(bytes.buffer, start, count) : new Uint32Array(bytes.buffer, start, count);
}

function shapeOf(values: NumberColumn): { width: number; base: number; step: number } {
  const first = values[0] ?? 0;
  const difference = (values[1] ?? first) - first;
  if (values.every((value, i) => value === first + difference * i))
    return { width: SEQUENCE, base: first, step: difference };
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    if (!Number.isSafeInteger(value)) return { width: DOUBLES, base: 0, step: 1 };
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (min > max) return { width: SEQUENCE, base: Number.NaN, step: 0 };
  const step = commonStep(values, min);
  // The largest unit stands for missing.
  const width = [1, 2, 4].find((bytes) => (max - min) / step < 2 ** (8 * bytes) - 1) ?? DOUBLES;
  return { width, base: min, step };
}

/** Greatest common divisor of the distances from `base`: prices per token make costs multiples of some thousand. */
function commonStep(values: NumberColumn, base: number): number {
  let step = 0;
  for (const value of values) {
    let rest = Number.isNaN(value) ? 0 : value - base;
    while (rest !== 0) [step, rest] = [rest, step % rest];
    if (step === 1) break;
  }
  return step === 0 ? 1 : step;
}

function compress(bytes: Uint8Array): Uint8Array {
  return Bun.zstdCompressSync(bytes, { level: 1 });
}
