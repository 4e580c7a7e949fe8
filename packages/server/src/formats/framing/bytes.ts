/** Bytes that grow up to a limit: appending is linear, and nothing of the appended chunk is kept. */
export class ByteBuffer {
  #bytes = new Uint8Array(0);
  #length = 0;

  constructor(readonly limit: number) {}

  get length(): number {
    return this.#length;
  }

  /** Copies the bytes in; false, and nothing is copied, where the limit would be passed. */
  append(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.length;
    if (length > this.limit) return false;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(256, length, Math.min(this.limit, this.#bytes.length * 2)));
      grown.set(this.view());
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
    return true;
  }

  /** What is held. Valid until the next append or clear. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets the content, and gives memory back after an unusually large one. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > 64 * 1024) this.#bytes = new Uint8Array(0);
  }
}

/** Decodes UTF-8, replacing what is not; a byte order mark counts as text. */
export function decodeUtf8(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
