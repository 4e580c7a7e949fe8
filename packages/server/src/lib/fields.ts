const NONE: readonly string[] = [];

/** By lower-case name, lists joined with commas. */
export type FieldRecord = Record<string, string>;

/**
 * HTTP header fields as a plain object inside. The runtime's own `Headers` lives outside the engine's heap: each one costs
 * an allocation there, each `get` a crossing and a new string. `fetch` and `Response` take the record as it is.
 */
export class Fields {
  /** @param cookies values of `set-cookie`, the one field that cannot be joined. */
  constructor(
    readonly record: FieldRecord = {},
    readonly cookies: readonly string[] = NONE,
  ) {}

  /** Those of a request or response, read at once. */
  static of(headers: Headers): Fields {
    const record = headers.toJSON();
    const cookies = record['set-cookie'];
    if (cookies === undefined) return new Fields(record as FieldRecord);
    const { 'set-cookie': _, ...others } = record;
    return new Fields(others, cookies);
  }

  /** @param name in lower case, here and below. */
  get(name: string): string | null {
    return this.record[name] ?? null;
  }

  has(name: string): boolean {
    return this.record[name] !== undefined;
  }

  set(name: string, value: string): void {
    this.record[name] = value;
  }

  delete(name: string): void {
    delete this.record[name];
  }

  copy(): Fields {
    return new Fields({ ...this.record }, this.cookies);
  }
}
