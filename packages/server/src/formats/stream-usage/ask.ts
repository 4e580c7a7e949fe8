import type { StreamOptions } from '../reading.ts';
import { findMember, splice } from './members.ts';

const ASKED = '"include_usage":true';
const CLOSE = 0x7d;

/**
 * The body of an OpenAI-style request for a stream, with its usage asked for (`stream_options.include_usage`): every other
 * byte stays as it is. Null where the body holds options that are no object: the provider has to say so itself.
 * @param options what the request's reading says of them.
 */
export function askForUsage(body: Uint8Array, options: StreamOptions): Uint8Array | null {
  if (options === 'none') {
    // The body is an object with at least `stream` in it; only white space can stand behind it.
    const end = body.lastIndexOf(CLOSE);
    return end < 0 ? null : splice(body, end, { end, text: `,"stream_options":{${ASKED}}` });
  }
  const member = findMember(body, 0, 'stream_options');
  if (options === 'usage' || member === null) return null;
  const { value, end } = member;
  if (body[end - 1] !== CLOSE) {
    const isNull = Buffer.from(body.subarray(value, end)).toString() === 'null';
    return isNull ? splice(body, value, { end, text: `{${ASKED}}` }) : null;
  }
  const asked = findMember(body, value, 'include_usage');
  if (asked !== null) return splice(body, asked.value, { end: asked.end, text: 'true' });
  const isEmpty = /^\{\s*\}$/.test(Buffer.from(body.subarray(value, end)).toString());
  return splice(body, end - 1, { end: end - 1, text: isEmpty ? ASKED : `,${ASKED}` });
}
