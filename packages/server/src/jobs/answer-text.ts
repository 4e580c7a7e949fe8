import { createReader, formatForPath } from '../formats/index.ts';
import type { StoredLog } from '../stores/log-ports.ts';

/** The text of the answer that a log keeps; null when none is kept, or the answer is no text. */
export function answerText({ record, bodies }: StoredLog): string | null {
  if (bodies === null) return null;
  if (bodies.responseText !== null) return bodies.responseText;
  if (bodies.response === null) return null;
  const reader = createReader({
    format: formatForPath(record.path),
    status: record.statusCode,
    contentType: record.responseContentType,
    header: () => null,
  });
  reader.push(bodies.response);
  return reader.end().text;
}
