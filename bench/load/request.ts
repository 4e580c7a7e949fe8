/** What is sent to a subject, and how an answer's end is found without parsing it. */

export interface Target {
  url: string;
  headers: Record<string, string>;
  /** All requests are the same, byte for byte; else each is different. */
  sameBody: boolean;
}

let number = 0;
const FIRST = Date.now() * 1000;

/** A chat request with a prompt of `promptBytes`, different from every other unless the target wants them alike. */
export function bodyFor(target: Target, promptBytes: number, stream = false): string {
  const mark = target.sameBody ? 0 : FIRST + number++;
  const content = `${mark} ${'a '.repeat(promptBytes / 2)}`;
  return JSON.stringify({ model: 'gpt-5-mini', ...(stream && { stream }), messages: [{ role: 'user', content }] });
}

/** A whole HTTP/1.1 request with this body. */
export function requestBytes(target: Target, body: string): string {
  const { host, pathname } = new URL(target.url);
  const headers = Object.entries(target.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\n${headers.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Finds the end of each answer on a connection. Answers must have a length or chunked coding. */
export class AnswerEnd {
  #text = '';
  #headEnd = -1;
  #length = -1;
  status = 0;

  /** True when the answer is whole; begins anew then. */
  add(bytes: Buffer): boolean {
    this.#text += bytes.toString('latin1');
    if (this.#headEnd < 0) {
      this.#headEnd = this.#text.indexOf('\r\n\r\n');
      if (this.#headEnd < 0) return false;
      const head = this.#text.slice(0, this.#headEnd + 2);
      this.status = Number(head.slice(9, 12));
      this.#length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? -1);
    }
    const isWhole =
      this.#length >= 0 ? this.#text.length >= this.#headEnd + 4 + this.#length : this.#text.endsWith('\r\n0\r\n\r\n');
    if (isWhole) {
      this.#text = '';
      this.#headEnd = -1;
    }
    return isWhole;
  }
}

/** The value below which this share of the values lies; sorts them. */
export function percentile(values: number[], share: number): number {
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
}
