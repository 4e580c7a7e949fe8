/** Careful reading of credential texts: what is wrong with one is never told in the parser's words, which quote it. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The text as a JSON object, or null. */
export function readJson(text: string): JsonObject | null {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{')) return null;
  try {
    const parsed: unknown = JSON.parse(trimmed);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as JsonObject) : null;
  } catch {
    return null;
  }
}

/** Like `readJson`, of a text that may also be base64 or base64url, wrapped into lines or not. */
export function readEncodedJson(text: string): JsonObject | null {
  const plain = readJson(text);
  if (plain !== null || !/^[A-Za-z0-9+/_=\s-]+$/.test(text)) return plain;
  return readJson(Buffer.from(text, 'base64').toString('utf8'));
}

/** The value when it is a text of visible ASCII without spaces, which a header takes as it is; else null. */
export function headerSafe(value: unknown): string | null {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? value : null;
}
