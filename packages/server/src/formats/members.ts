import { decodeUtf8 } from './framing/index.ts';
import { parseJson } from './json.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Where a member of a JSON object stands, in bytes. */
export interface Member {
  /** Its name's opening quote. */
  start: number;
  /** First byte of its value. */
  value: number;
  /** After its value. */
  end: number;
}

/**
 * Finds a member of the object that begins at `from`, in JSON that has been parsed already: of several with one name the
 * last, which is the one that parsers take. Null where there is none, or where no object begins there.
 */
export function findMember(json: Uint8Array, from: number, name: string): Member | null {
  let at = afterSpace(json, from);
  if (json[at] !== OPEN) return null;
  let found: Member | null = null;
  at = afterSpace(json, at + 1);
  while (json[at] === QUOTE) {
    const start = at;
    const nameEnd = afterString(json, at);
    // The colon between the two.
    const value = afterSpace(json, afterSpace(json, nameEnd) + 1);
    const end = afterValue(json, value);
    if (isName(json.subarray(start, nameEnd), name)) found = { start, value, end };
    at = afterSpace(json, end);
    if (json[at] !== COMMA) break;
    at = afterSpace(json, at + 1);
  }
  return found;
}

/**
 * The JSON object's bytes with the member at `path` set to `value` (JSON), every other byte as it is; objects on the way are
 * made where they are missing or null. Null where the bytes are no object, or something else stands on the way.
 */
export function setMember(json: Uint8Array, path: readonly string[], value: string): Uint8Array | null {
  const start = afterSpace(json, 0);
  const end = json.lastIndexOf(CLOSE) + 1;
  return json[start] === OPEN && end > start ? setIn(json, { start, end }, { path, value }) : null;
}

function setIn(
  json: Uint8Array,
  object: { start: number; end: number },
  { path, value }: { path: readonly string[]; value: string },
): Uint8Array | null {
  const [name = '', ...rest] = path;
  const member = findMember(json, object.start, name);
  if (member === null) return withMember(json, object, `${JSON.stringify(name)}:${nested(rest, value)}`);
  const text = Buffer.from(json.buffer, json.byteOffset + member.value, member.end - member.value);
  if (rest.length === 0 || text.equals(NULL)) {
    return splice(json, member.value, { end: member.end, text: nested(rest, value) });
  }
  if (json[member.value] !== OPEN) return null;
  return setIn(json, { start: member.value, end: member.end }, { path: rest, value });
}

const NULL = Buffer.from('null');

function nested([name, ...rest]: readonly string[], value: string): string {
  return name === undefined ? value : `{${JSON.stringify(name)}:${nested(rest, value)}}`;
}

/** The bytes with one more member (its JSON) at the end of the object, which begins at `start` and ends before `end`. */
export function withMember(
  json: Uint8Array,
  { start, end }: { start: number; end: number },
  member: string,
): Uint8Array {
  const isEmpty = afterSpace(json, start + 1) >= end - 1;
  return splice(json, end - 1, { end: end - 1, text: isEmpty ? member : `,${member}` });
}

/** The object's bytes without the member, one of the commas beside it gone, too. */
export function withoutMember(json: Uint8Array, { start, end }: Member): Uint8Array {
  let before = start - 1;
  while (isSpace(json[before])) before -= 1;
  if (json[before] === COMMA) return splice(json, before, { end, text: '' });
  const after = afterSpace(json, end);
  return splice(json, start, { end: json[after] === COMMA ? afterSpace(json, after + 1) : end, text: '' });
}

/** The bytes with those from `start` to `end` replaced by `text`. */
export function splice(bytes: Uint8Array, start: number, { end, text }: { end: number; text: string }): Uint8Array {
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(text), bytes.subarray(end)]);
}

function isName(quoted: Uint8Array, name: string): boolean {
  if (!quoted.includes(BACKSLASH)) return quoted.length === name.length + 2 && decodeUtf8(quoted) === `"${name}"`;
  return parseJson(decodeUtf8(quoted)) === name;
}

function afterValue(json: Uint8Array, from: number): number {
  if (json[from] === QUOTE) return afterString(json, from);
  let depth = 0;
  for (let at = from; at < json.length; at += 1) {
    const byte = json[at] ?? 0;
    // `{` and `[`, `}` and `]` differ in one bit.
    const bracket = byte | 0x20;
    if (byte === QUOTE) at = afterString(json, at) - 1;
    else if (bracket === OPEN) depth += 1;
    else if (bracket === CLOSE) {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (byte === COMMA || isSpace(byte))) return at;
  }
  return json.length;
}

function afterString(json: Uint8Array, from: number): number {
  for (let at = json.indexOf(QUOTE, from + 1); at >= 0; at = json.indexOf(QUOTE, at + 1)) {
    let escapes = 0;
    while (json[at - 1 - escapes] === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at + 1;
  }
  return json.length;
}

function afterSpace(json: Uint8Array, from: number): number {
  let at = from;
  while (isSpace(json[at])) at += 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
