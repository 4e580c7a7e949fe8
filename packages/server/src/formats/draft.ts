import { asName, asObject, type Json, parseJson } from './json.ts';
import type { ReadError, Reading, StreamFacts, ToolCall, Usage } from './reading.ts';
import { sizeWithin } from './size.ts';
import { Text } from './text.ts';

/** Default bound for text kept in memory, in bytes. */
export const MAX_TEXT_BYTES = 10 * 1024 * 1024;

/** Calls kept of one answer; a hostile one could open any number. */
const MAX_CALLS = 1000;

/** A usage object is kept as written up to this size, in bytes as text. Real ones take a few hundred. */
export const MAX_RAW_BYTES = 64 * 1024;

/** Longest error message that is kept, in characters. */
export const MAX_MESSAGE = 64 * 1024;

/** Longer ones are no names of tiers. */
const MAX_TIER_LENGTH = 64;

/** A tool call that may still be arriving in pieces. */
export interface DraftCall {
  id: string | null;
  name: string | null;
  /** Arguments as text, as far as they have come; null before the first piece. */
  argumentText: Text | null;
  /** Arguments that the provider writes as JSON; the text, where there is one, wins. */
  argumentValue: unknown;
}

/**
 * A reading that is being written. Decoders fill it in; it keeps all text, reasoning and arguments together within
 * one bound, and drops what goes beyond. What else it keeps is bounded piece by piece and comes to a few megabytes at the
 * very most, whatever the answer holds: names by `asName`, calls by their number, usage and message by their size.
 */
export class Draft {
  model: string | null = null;
  responseId: string | null = null;
  finishReason: string | null = null;
  usage: Usage | null = null;
  usageRaw: unknown = null;
  error: ReadError | null = null;
  text: Text | null = null;
  reasoningText: Text | null = null;
  refusal: Text | null = null;
  /** Texts of the choices after the first. */
  readonly furtherTexts: Text[] = [];
  /** What a model says it will do with its tools, where that is neither text nor reasoning (Cohere). */
  toolPlan: Text | null = null;
  /** Whether the format's own end of a stream was seen. */
  ended = false;
  readonly extra: Record<string, unknown> = {};
  #lastCall: DraftCall | null = null;
  #calls: Map<string | number, DraftCall> | null = null;
  /** Keys that stand for another call than the one made under them. */
  #renamed: Map<string | number, DraftCall> | null = null;
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
    this.#calls ??= new Map();
    const known = this.#calls.get(key);
    if (known !== undefined) return known;
    const made: DraftCall = { id: null, name: null, argumentText: null, argumentValue: null };
    if (this.#calls.size < MAX_CALLS) this.#calls.set(key, made);
    this.#lastCall = made;
    return made;
  }

  findCall(key: string | number): DraftCall | null {
    return this.#renamed?.get(key) ?? this.#calls?.get(key) ?? null;
  }

  /** A new call that takes over a key: what comes under it from now on belongs to this one. */
  renewCall(key: string | number, id: string): DraftCall {
    const call = this.call(`${key}/${id}`);
    this.#renamed ??= new Map();
    if (this.#renamed.size < MAX_CALLS) this.#renamed.set(key, call);
    return call;
  }

  get callCount(): number {
    return this.#calls?.size ?? 0;
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
    this.#freeBytes += call.argumentText?.bytes ?? 0;
    call.argumentText = this.join(null, text);
  }

  /** Takes arguments that the provider writes as JSON. They count as text: beyond the bound they are dropped. */
  setArgumentValue(call: DraftCall, value: unknown): void {
    const bytes = sizeWithin(value, this.#freeBytes);
    if (bytes === null) {
      this.extra.text_truncated = true;
      return;
    }
    this.#freeBytes -= bytes;
    call.argumentValue = value;
  }

  /** Takes a usage where one was read; the last one wins. What was written is kept where it is no larger than usages are. */
  setUsage(usage: Usage | null, raw: unknown): void {
    if (usage !== null) this.usage = usage;
    if (raw === null || raw === undefined) return;
    if (sizeWithin(raw, MAX_RAW_BYTES) !== null) this.usageRaw = raw;
  }

  /** Adds counters to those that were written before; the last value of each counts. */
  addRaw(counters: Json | null): void {
    if (counters === null || sizeWithin(counters, MAX_RAW_BYTES) === null) return;
    this.usageRaw = { ...asObject(this.usageRaw), ...counters };
  }

  /** The service tier that the provider says it used; the last one wins: the first events of a stream may say `auto`. */
  addTier(tier: unknown): void {
    const name = asName(tier);
    if (name !== null) this.extra.service_tier = name.slice(0, MAX_TIER_LENGTH).toLowerCase();
  }

  /** The first error wins: what follows is often only its echo. */
  setError(error: ReadError | null): void {
    if (error === null || this.error !== null) return;
    this.error = { ...error, message: error.message?.slice(0, MAX_MESSAGE) ?? null };
  }

  /** Adds a piece of text within the bound that all texts share. */
  join(held: Text | null, piece: string): Text {
    const text = held ?? new Text();
    const bytes = Buffer.byteLength(piece);
    if (bytes <= this.#freeBytes) {
      this.#freeBytes -= bytes;
      text.add(piece, bytes);
      return text;
    }
    // One UTF-16 unit is at most three bytes of UTF-8, so this much certainly fits.
    const cut = piece.slice(0, Math.floor(this.#freeBytes / 3));
    this.#freeBytes = 0;
    this.extra.text_truncated = true;
    text.add(cut, Buffer.byteLength(cut));
    return text;
  }

  reading(stream: StreamFacts | null): Reading {
    if (this.toolPlan !== null) this.extra.tool_plan = this.toolPlan.toString();
    if (this.furtherTexts.length > 0)
      this.extra.further_texts = Array.from(this.furtherTexts, (text) => text?.toString());
    return {
      model: this.model,
      responseId: this.responseId,
      finishReason: this.finishReason,
      usage: this.usage,
      usageRaw: this.usageRaw,
      text: this.text?.toString() ?? null,
      reasoningText: this.reasoningText?.toString() ?? null,
      refusal: this.refusal?.toString() ?? null,
      toolCalls: this.#calls === null ? [] : Array.from(this.#calls.values(), toolCall),
      error: this.error,
      stream,
      extra: this.extra,
    };
  }
}

function toolCall(call: DraftCall): ToolCall {
  const { id, name, argumentText } = call;
  if (argumentText === null) return { id, name, arguments: call.argumentValue };
  const text = argumentText.toString();
  const parsed = parseJson(text);
  return { id, name, arguments: parsed === undefined ? text : parsed };
}
