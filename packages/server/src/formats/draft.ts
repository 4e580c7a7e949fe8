import { parseJson } from './json.ts';
import type { ReadError, Reading, StreamFacts, ToolCall, Usage } from './reading.ts';

/** Default bound for text kept in memory, in bytes. */
export const MAX_TEXT_BYTES = 10 * 1024 * 1024;

/** Calls kept of one answer; a hostile one could open any number. */
const MAX_CALLS = 1000;

/** A tool call that may still be arriving in pieces. */
export interface DraftCall {
  id: string | null;
  name: string | null;
  /** Arguments as text, as far as they have come; null before the first piece. */
  argumentText: string | null;
  /** Arguments that the provider writes as JSON; the text, where there is one, wins. */
  argumentValue: unknown;
}

/**
 * A reading that is being written. Decoders fill it in; it keeps all text, reasoning and arguments together within
 * one bound, and drops what goes beyond.
 */
export class Draft {
  model: string | null = null;
  responseId: string | null = null;
  finishReason: string | null = null;
  usage: Usage | null = null;
  usageRaw: unknown = null;
  error: ReadError | null = null;
  text: string | null = null;
  reasoningText: string | null = null;
  refusal: string | null = null;
  /** Whether the format's own end of a stream was seen. */
  ended = false;
  readonly extra: Record<string, unknown> = {};
  #lastCall: DraftCall | null = null;
  readonly #calls = new Map<string | number, DraftCall>();
  #freeBytes: number;

  constructor(
    readonly status: number,
    /** Looks up an answer header by lower-case name. */
    readonly header: (name: string) => string | null,
    maxTextBytes = MAX_TEXT_BYTES,
  ) {
    this.#freeBytes = maxTextBytes;
  }

  addText(piece: string | null): void {
    if (piece !== null) this.text = this.join(this.text, piece);
  }

  addReasoning(piece: string | null): void {
    if (piece !== null) this.reasoningText = this.join(this.reasoningText, piece);
  }

  addRefusal(piece: string | null): void {
    if (piece !== null) this.refusal = this.join(this.refusal, piece);
  }

  /** The call known by this key (an index or an id), made on first use; calls keep that order. */
  call(key: string | number): DraftCall {
    const known = this.#calls.get(key);
    if (known !== undefined) return known;
    const made: DraftCall = { id: null, name: null, argumentText: null, argumentValue: null };
    if (this.#calls.size < MAX_CALLS) this.#calls.set(key, made);
    this.#lastCall = made;
    return made;
  }

  findCall(key: string | number): DraftCall | null {
    return this.#calls.get(key) ?? null;
  }

  get callCount(): number {
    return this.#calls.size;
  }

  /** The call that was made last. */
  lastCall(): DraftCall {
    return this.#lastCall ?? this.call(0);
  }

  addArguments(call: DraftCall, piece: string | null): void {
    if (piece !== null) call.argumentText = this.join(call.argumentText, piece);
  }

  /** Replaces the arguments by their full text. */
  setArguments(call: DraftCall, text: string): void {
    this.#freeBytes += Buffer.byteLength(call.argumentText ?? '');
    call.argumentText = this.join(null, text);
  }

  /** Takes a usage where one was read; the last one wins. */
  setUsage(usage: Usage | null, raw: unknown): void {
    if (usage !== null) this.usage = usage;
    if (raw !== null && raw !== undefined) this.usageRaw = raw;
  }

  /** The first error wins: what follows is often only its echo. */
  setError(error: ReadError | null): void {
    this.error ??= error;
  }

  /** Adds a piece of text within the bound that all texts share. */
  join(held: string | null, piece: string): string {
    const bytes = Buffer.byteLength(piece);
    if (bytes <= this.#freeBytes) {
      this.#freeBytes -= bytes;
      return held === null ? piece : held + piece;
    }
    // One UTF-16 unit is at most three bytes of UTF-8, so this much certainly fits.
    const cut = piece.slice(0, Math.floor(this.#freeBytes / 3));
    this.#freeBytes = 0;
    this.extra.text_truncated = true;
    return (held ?? '') + cut;
  }

  reading(stream: StreamFacts | null): Reading {
    return {
      model: this.model,
      responseId: this.responseId,
      finishReason: this.finishReason,
      usage: this.usage,
      usageRaw: this.usageRaw,
      text: this.text,
      reasoningText: this.reasoningText,
      refusal: this.refusal,
      toolCalls: [...this.#calls.values()].map(toolCall),
      error: this.error,
      stream,
      extra: this.extra,
    };
  }
}

function toolCall(call: DraftCall): ToolCall {
  const { id, name, argumentText } = call;
  if (argumentText === null) return { id, name, arguments: call.argumentValue };
  const parsed = parseJson(argumentText);
  return { id, name, arguments: parsed === undefined ? argumentText : parsed };
}
