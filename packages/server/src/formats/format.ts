import type { Draft } from './draft.ts';
import type { Json } from './json.ts';

/** Reads the JSON of one wire format into a draft. Tolerant: what is missing or of the wrong type is passed over. */
export interface Decoder {
  /** A whole answer. */
  body(value: Json): void;
  /** One event of a stream, with the name that its framing gave it. */
  event(value: Json, name: string | null): void;
  /** A whole answer that is a list. */
  list?(values: readonly Json[]): void;
  /** An event whose data is plain text; false where the format knows none of that name. */
  plain?(name: string | null, data: string): boolean;
}

/** A wire format: how to tell it by its shape, and how to read it. */
export interface WireFormat {
  /** Whether a body, or one event of a stream, can only be of this format. */
  fits(value: Json, name: string | null): boolean;
  decoder(draft: Draft): Decoder;
}
