import type { Ask } from './ask.ts';
import type { JsonObject } from './json.ts';
import type { Face } from './problem.ts';
import type { Reply } from './reply.ts';
import type { Frame } from './stream.ts';

/** A dialect in which text is generated. */
export interface TextApi {
  face: Face;
  /** Reads and checks a request body; throws `ApiProblem` 400 naming the field at fault. */
  read(body: JsonObject): Ask;
  /** The whole answer as one JSON value. */
  plain(reply: Reply): unknown;
  /** The answer as server-sent events. */
  stream(reply: Reply): Generator<Frame, void>;
}
