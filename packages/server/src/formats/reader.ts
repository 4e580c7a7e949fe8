import { completeInvocationUsage } from './bedrock-invoke/index.ts';
import { Draft } from './draft.ts';
import { plainTextError, readError, readErrorEvent, readHiddenError } from './error.ts';
import type { Decoder } from './format.ts';
import { type AwsFrame, decodeUtf8, Framer, type FramingSink } from './framing/index.ts';
import { asName, asObject, asObjects, type Json, parseJson } from './json.ts';
import type { AnswerReader, FormatName, ReadError, ReaderInput, Reading, StreamFacts } from './reading.ts';
import { formatOf, plainFormatOf } from './registry.ts';
import { withoutEnvelope } from './workers-ai/index.ts';

/** Makes the reader for one answer. */
export function createReader(input: ReaderInput): AnswerReader {
  return new Reader(input);
}

class Reader implements AnswerReader, FramingSink {
  readonly #draft: Draft;
  readonly #framer: Framer;
  readonly #expected: FormatName;
  readonly #facts: StreamFacts = { events: 0, done: false, ended: false, malformed: 0 };
  #decoder: Decoder | null = null;
  /** What Bedrock adds to the last event of an Invoke stream. */
  #metrics: Json | null = null;

  constructor(input: ReaderInput) {
    this.#expected = input.format;
    this.#draft = new Draft(input.status, input.header, input.maxTextBytes);
    this.#framer = new Framer(input.contentType, this);
  }

  push(chunk: Uint8Array): void {
    this.#framer.push(chunk);
  }

  end(): Reading {
    this.#framer.end();
    return this.#finish();
  }

  whole(bytes: Uint8Array): Reading {
    this.#framer.whole(bytes);
    return this.#finish();
  }

  #finish(): Reading {
    const draft = this.#draft;
    completeInvocationUsage(draft, this.#metrics);
    if (draft.status >= 400) draft.setError(plainTextError('', draft.status));
    if (!this.#framer.streamed) return draft.reading(null);
    return draft.reading({ ...this.#facts, ended: draft.ended || this.#facts.done });
  }

  malformed(): void {
    this.#facts.events += 1;
    this.#facts.malformed += 1;
  }

  event(name: string | null, data: string, complete: boolean): void {
    const text = data.trim();
    if (text === '[DONE]') {
      this.#facts.events += 1;
      this.#facts.done = true;
      return;
    }
    const value = asObject(parseJson(text));
    // The end of the input may have cut its last event, which makes it neither an event nor malformed.
    if (value === null && !complete) return;
    this.#facts.events += 1;
    this.#decoder ??= plainFormatOf(name)?.decoder(this.#draft) ?? null;
    if (this.#decoder?.plain?.(name, data)) return;
    if (name === 'error') this.#draft.setError(readErrorEvent(data, this.#draft.status));
    if (value === null) this.#facts.malformed += name === 'error' ? 0 : 1;
    else this.#value(value, name);
  }

  frame({ headers, payload }: AwsFrame): void {
    this.#facts.events += 1;
    const value = asObject(parseJson(decodeUtf8(payload)));
    if (value === null) {
      this.#facts.malformed += 1;
      return;
    }
    const failed = headers[':exception-type'] ?? headers[':error-code'];
    if (failed !== undefined) {
      this.#draft.setError({ ...readError(value, this.#draft.status), type: failed });
      return;
    }
    const inner = typeof value.bytes === 'string' ? asObject(parseJson(decodeBase64(value.bytes))) : value;
    if (inner === null) {
      this.#facts.malformed += 1;
      return;
    }
    const metrics = asObject(inner['amazon-bedrock-invocationMetrics']);
    this.#metrics = metrics ?? this.#metrics;
    this.#value(inner, headers[':event-type'] ?? null);
    // Whatever the model's own words for its end, Bedrock puts its counters on the last event.
    if (metrics !== null && this.#draft.finishReason !== null) this.#draft.ended = true;
  }

  #value(value: Json, name: string | null): void {
    this.#draft.setError(this.#errorIn(value));
    this.#decoder ??= formatOf(this.#expected, value, name)?.decoder(this.#draft) ?? null;
    this.#decoder?.event(value, name);
  }

  body(value: unknown): void {
    const draft = this.#draft;
    const lone = asObject(value);
    if (lone !== null) {
      this.#lone(withoutEnvelope(lone));
      return;
    }
    const values = asObjects(value).map(withoutEnvelope);
    const [first] = values;
    for (const item of values) draft.setError(this.#errorIn(item));
    if (first === undefined) return;
    const decoder = formatOf(this.#expected, first, null)?.decoder(draft);
    decoder?.list?.(values);
  }

  #lone(value: Json): void {
    const draft = this.#draft;
    draft.setError(this.#errorIn(value));
    const decoder = formatOf(this.#expected, value, null)?.decoder(draft);
    if (decoder !== undefined) decoder.body(value);
    else draft.responseId = asName(value.id);
  }

  #errorIn(value: Json): ReadError | null {
    const { status, header } = this.#draft;
    if (status < 400) return readHiddenError(value, status);
    const error = readError(value, status);
    // AWS names the kind of error in a header, with an address after it.
    return { ...error, type: error.type ?? asName(header('x-amzn-errortype')?.split(':', 1)[0]) };
  }

  text(start: string): void {
    if (this.#draft.status >= 400) this.#draft.setError(plainTextError(start, this.#draft.status));
  }
}

function decodeBase64(text: string): string {
  return decodeUtf8(Buffer.from(text, 'base64'));
}
