import type { Recording } from './recordings.ts';

/** Cuts a body into the pieces that are sent on their own; null when `rule` is none that is known. */
export function cutBody(body: Uint8Array, rule: string, format: Recording['stream_format']): Uint8Array[] | null {
  const [name = '', argument = ''] = rule.split(':');
  const number = /^\d{1,9}$/.test(argument) ? Number(argument) : null;
  if (rule === 'whole') return body.length === 0 ? [] : [body];
  if (rule === 'byte') return bySizes(body, () => 1);
  if (rule === 'events') return atEvents(body, format);
  if (name === 'n' && number !== null && number > 0) return bySizes(body, () => number);
  if (name === 'random' && number !== null) {
    const random = randomSource(number);
    return bySizes(body, () => 1 + Math.floor(random() * 64));
  }
  return null;
}

function bySizes(body: Uint8Array, size: () => number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length; ) {
    const piece = body.subarray(at, at + size());
    pieces.push(piece);
    at += piece.length;
  }
  return pieces;
}

/** Pieces of one event (SSE), line (NDJSON) or frame (AWS) each; a body that is no stream stays whole. */
function atEvents(body: Uint8Array, format: Recording['stream_format']): Uint8Array[] {
  switch (format) {
    case 'sse':
      return afterEach(body, /\r\n\r\n|\n\n|\r\r/g);
    case 'ndjson':
      return afterEach(body, /\n/g);
    case 'eventstream': {
      const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
      let at = 0;
      return bySizes(body, () => {
        const length = view.getUint32(at);
        at += length;
        return length;
      });
    }
    case null:
      return body.length === 0 ? [] : [body];
    default:
      return format satisfies never;
  }
}

function afterEach(body: Uint8Array, border: RegExp): Uint8Array[] {
  // One character for each byte, so that places in the text are places in the bytes.
  const text = Buffer.from(body).toString('latin1');
  const ends = [...text.matchAll(border)].map((match) => match.index + match[0].length);
  if (ends.at(-1) !== body.length) ends.push(body.length);
  return ends.map((end, i) => body.subarray(ends[i - 1] ?? 0, end)).filter((piece) => piece.length > 0);
}

/** Evenly spread numbers below 1, always the same for a seed (mulberry32). */
function randomSource(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
