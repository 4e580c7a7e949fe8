/**
 * A run of one kind of character this long is cut: byte-pair merges take quadratic time over a run, and 200,000 letters
 * without a space would hold a thread for most of a minute.
 */
const LONG_RUN = /([\p{L}\p{M}]{256}|[^\s\p{L}\p{N}]{256}|\s{256})/u;

/** A text in parts with no long run of letters, marks or spaces. Text without such a run is one part. */
export function splitLongRuns(text: string): string[] {
  return text.split(LONG_RUN);
}
