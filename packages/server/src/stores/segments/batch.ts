import type { LogBodies, LogRecord, LogRetention } from '../log-ports.ts';
import type { AppendBatch, Place, WireRow } from './protocol.ts';
import { toPlain } from './row-codec.ts';

const SMALLEST_ARENA = 64 * 1024;
const LARGEST_ARENA = 1024 * 1024;

/** Rows that wait to be sent to the writer together. Bodies are copied once, into buffers that can be given away. */
export class Batch {
  readonly #rows: string[] = [];
  readonly #arenas: { bytes: Uint8Array<ArrayBuffer>; used: number }[] = [];
  /** Resolves when the batch is written or given up. */
  readonly done: Promise<void>;
  finish: () => void = () => {};
  bytes = 0;

  constructor() {
    this.done = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  get rows(): number {
    return this.#rows.length;
  }

  add(record: LogRecord, bodies: LogBodies | null, retention: LogRetention | null): void {
    const row: WireRow = { record: toPlain(record), bodies: bodies && this.#placeAll(bodies), retention };
    this.#addRow(JSON.stringify(row));
  }

  /** What the writer gets, and the buffers to transfer with it. */
  toSend(): { ask: AppendBatch; transfer: ArrayBuffer[] } {
    const arenas = this.#arenas.map(({ bytes }) => bytes);
    return { ask: { rows: `[${this.#rows.join()}]`, arenas }, transfer: arenas.map(({ buffer }) => buffer) };
  }

  #addRow(json: string): void {
    this.#rows.push(json);
    this.bytes += json.length;
  }

  #placeAll({ request, response, responseText }: LogBodies): WireRow['bodies'] {
    if ((request ?? response ?? responseText) === null) return null;
    return {
      request: request && this.#place(request),
      response: response && this.#place(response),
      responseText: responseText === null ? null : this.#place(Buffer.from(responseText)),
    };
  }

  #place(body: Uint8Array): Place {
    this.bytes += body.byteLength;
    let arena = this.#arenas.at(-1);
    if (arena === undefined || arena.used + body.byteLength > arena.bytes.byteLength) {
      const usual = Math.min(LARGEST_ARENA, SMALLEST_ARENA * 2 ** this.#arenas.length);
      arena = { bytes: new Uint8Array(Math.max(usual, body.byteLength)), used: 0 };
      this.#arenas.push(arena);
    }
    const start = arena.used;
    arena.bytes.set(body, start);
    arena.used += body.byteLength;
    return [this.#arenas.length - 1, start, arena.used];
  }
}

/** Bytes that the bodies of a row would add to a batch; for text a lower bound. */
export function bodyBytes(bodies: LogBodies | null): number {
  if (bodies === null) return 0;
  const { request, response, responseText } = bodies;
  return (request?.byteLength ?? 0) + (response?.byteLength ?? 0) + (responseText?.length ?? 0);
}
