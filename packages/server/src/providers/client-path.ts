import type { TargetProblem } from './row.ts';

/** Control characters and (at the end) spaces, which URL parsers drop in silence, and what ends a path or becomes a slash. */
const UNSAFE_IN_PATH = /[\p{Cc} \\#?]/u;
const UNSAFE_IN_QUERY = /[\p{Cc} #]/u;

/** `.` and `..` between slashes, in every spelling that a URL parser, or a server that decodes the path, resolves. */
const DOT_SEGMENT = /(?:^|\/|%2f|%5c)(?:\.|%2e){1,2}(?=$|\/|%2f|%5c)/i;

/**
 * The client's path made fit to be appended to a base: no leading slash and no doubled ones. Everything else, above all
 * percent-encoding and a trailing slash, stays as sent, because signatures cover those bytes. Refuses what could climb
 * out of the base.
 */
export function readClientPath(path: string): string | TargetProblem {
  if (UNSAFE_IN_PATH.test(path))
    return { problem: 'The path holds a space, a control character, a backslash, a # or a ?' };
  if (DOT_SEGMENT.test(path)) return { problem: 'The path holds a dot segment' };
  const single = path.includes('//') ? path.replace(/\/{2,}/g, '/') : path;
  return single.startsWith('/') ? single.slice(1) : single;
}

/** The raw query, unless it holds what a URL parser would drop. */
export function readClientQuery(query: string): string | TargetProblem {
  return UNSAFE_IN_QUERY.test(query) ? { problem: 'The query holds a space, a control character or a #' } : query;
}

/** A path segment with percent-encoding undone. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    // Only malformed encoding throws. The provider will judge it; here it is just a name.
    if (error instanceof URIError) return segment;
    throw error;
  }
}
