const LF = 10;
const SPACE = 32;
const EQUALS = 61;

/** Value of each base64 character. */
const SEXTET = new Uint8Array(256);
for (const [value, char] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  SEXTET[char.charCodeAt(0)] = value;
}

/**
 * The ranks of a byte-pair encoding, in little memory: the tokens' bytes end to end and
 * an open-addressed table of their numbers.
 */
export class Ranks {
  readonly #bytes: Uint8Array;
  /** Where token `i` begins; one more than there are tokens. */
  readonly #starts: Uint32Array;
  readonly #ranks: Int32Array;
  /** Number of a token plus one; 0: free. */
  readonly #slots: Int32Array;
  readonly #mask: number;

  /** @param file lines of a token in base64, a space and its rank, as OpenAI publishes them. */
  constructor(file: Uint8Array) {
    let count = 0;
    for (const byte of file) if (byte === LF) count += 1;
    this.#bytes = new Uint8Array(Math.ceil(file.length * 0.75));
    this.#starts = new Uint32Array(count + 2);
    this.#ranks = new Int32Array(count + 1);
    const size = 2 ** Math.ceil(Math.log2((count + 1) * 1.5));
    this.#slots = new Int32Array(size);
    this.#mask = size - 1;
    this.#read(file);
  }

  /** The rank of the token with these bytes, or -1. */
  of(bytes: Uint8Array, start: number, end: number): number {
    for (let slot = hash(bytes, start, end) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const token = (this.#slots[slot] ?? 0) - 1;
      if (token < 0) return -1;
      if (this.#isToken(token, bytes, { start, end })) return this.#ranks[token] ?? -1;
    }
  }

  #isToken(token: number, bytes: Uint8Array, { start, end }: { start: number; end: number }): boolean {
    const from = this.#starts[token] ?? 0;
    if ((this.#starts[token + 1] ?? 0) - from !== end - start) return false;
    for (let at = start; at < end; at += 1) if (bytes[at] !== this.#bytes[from + at - start]) return false;
    return true;
  }

  #read(file: Uint8Array): void {
    let token = 0;
    let end = 0;
    for (let at = 0; at < file.length; at += 1) {
      const start = end;
      let bits = 0;
      let held = 0;
      for (; file[at] !== SPACE && at < file.length; at += 1) {
        const byte = file[at] ?? 0;
        if (byte === EQUALS) continue;
        held = ((held << 6) | (SEXTET[byte] ?? 0)) & 0xffff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        this.#bytes[end] = (held >> bits) & 0xff;
        end += 1;
      }
      let rank = 0;
      for (at += 1; file[at] !== LF && at < file.length; at += 1) rank = rank * 10 + (file[at] ?? 0) - 48;
      if (end === start) continue;
      this.#ranks[token] = rank;
      this.#starts[token + 1] = end;
      let slot = hash(this.#bytes, start, end) & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      token += 1;
      this.#slots[slot] = token;
    }
  }
}

function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let at = start; at < end; at += 1) value = Math.imul(value ^ (bytes[at] ?? 0), 0x01000193);
  // The low bits choose the slot, and the last byte alone would decide much of them.
  return (value ^ (value >>> 15)) >>> 0;
}
