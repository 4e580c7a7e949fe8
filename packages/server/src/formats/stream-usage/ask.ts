import { setMember, withMember } from '../members.ts';
import type { StreamOptions } from '../reading.ts';

const CLOSE = 0x7d;

/**
 * The body of an OpenAI-style request for a stream, with its usage asked for (`stream_options.include_usage`): every other
 * byte stays as it is. Null where the body holds options that are no object: the provider has to say so itself.
 * @param options what the request's reading says of them.
 */
export function askForUsage(body: Uint8Array, options: StreamOptions): Uint8Array | null {
  if (options === 'usage') return null;
  if (options === 'other') return setMember(body, ['stream_options', 'include_usage'], 'true');
  // The body is an object with at least `stream` in it, and only white space behind it: there is nothing to look for.
  const end = body.lastIndexOf(CLOSE) + 1;
  return end === 0 ? null : withMember(body, { start: 0, end }, '"stream_options":{"include_usage":true}');
}
