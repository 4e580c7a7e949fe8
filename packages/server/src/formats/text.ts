/** Pieces that are joined at a time: enough to make joining cheap, few enough to weigh nothing. */
const PIECES = 512;

/**
 * Text that grows by pieces. The runtime keeps a concatenation as a tree of its pieces, which for a stream of single words
 * is many times the text; so they are collected and joined, a few hundred at a time, into one flat string.
 */
export class Text {
  #flat: string[] = [];
  #pieces: string[] = [];
  /** Length as UTF-8, in bytes. */
  bytes = 0;

  add(piece: string, bytes: number): void {
    this.bytes += bytes;
    if (piece === '') return;
    this.#pieces.push(piece);
    if (this.#pieces.length < PIECES) return;
    this.#flat.push(this.#pieces.join(''));
    this.#pieces = [];
    if (this.#flat.length >= PIECES) this.#flat = [this.#flat.join('')];
  }

  toString(): string {
    return this.#flat.join('') + this.#pieces.join('');
  }
}
