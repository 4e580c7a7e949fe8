import { Refusal } from '@headgate/contract';
import type { AdmittedCall, ReadCall } from '../call.ts';

/**
 * Takes the request body into memory, once.
 * @param limitBytes largest body accepted.
 * @throws Refusal 413/2011 for a larger one. Rejects as `request.signal` does when the client leaves meanwhile.
 */
export function readBody(call: AdmittedCall, limitBytes: number): ReadCall | Promise<ReadCall> {
  const { request } = call;
  if (request.method === 'GET' || request.method === 'HEAD') return { ...call, body: null };
  const declared = Number(call.sent.get('content-length') ?? Number.NaN);
  if (declared > limitBytes) throw tooLarge(limitBytes);
  const reading = Number.isNaN(declared) ? readCounting(request, limitBytes) : request.bytes();
  return reading.then((bytes) => withBody(call, bytes));
}

function withBody(call: AdmittedCall, bytes: Uint8Array): ReadCall {
  const { request, trail } = call;
  trail.requestSize = bytes.byteLength;
  trail.requestBody = bytes;
  if (bytes.byteLength === 0) {
    const bodyExpected = request.method === 'POST' || request.method === 'PUT' || request.method === 'PATCH';
    return { ...call, body: bodyExpected ? bytes : null };
  }
  return { ...call, body: bytes };
}

/** A body of unknown length is counted while it arrives, so that it cannot grow past the limit. */
async function readCounting(request: Request, limitBytes: number): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > limitBytes) throw tooLarge(limitBytes);
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size);
}

function tooLarge(limitBytes: number): Refusal {
  return new Refusal('bodyTooLarge', {
    message: `Request body is larger than the limit of ${limitBytes} bytes (HEADGATE_MAX_BODY_BYTES)`,
  });
}
