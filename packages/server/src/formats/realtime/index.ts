/**
 * Realtime WebSocket sessions: OpenAI's events (also Azure, Voice Live, xAI) and Gemini Live. One session has several
 * turns; counters are summed over them.
 */
import { Draft, MAX_RAW_BYTES } from '../draft.ts';
import { readHiddenError } from '../error.ts';
import { asName, asObject, asObjects, asString, type Json, parseJson } from '../json.ts';
import { googleUsage } from '../google-generate/index.ts';
import { openaiUsage } from '../openai-chat/index.ts';
import { readCallItem } from '../openai-responses/index.ts';
import type { Reading, StreamFacts, Usage } from '../reading.ts';
import { sizeWithin } from '../size.ts';
import { addUsage } from '../usage.ts';

/** HTTP status of an upgraded connection. */
const SWITCHING_PROTOCOLS = 101;

export interface RealtimeFrame {
  direction: 'sent' | 'received' | 'closed';
  /** The frame's JSON, parsed or as text. */
  data: unknown;
}

/** Reads a whole recorded session. `stream.events` counts the received frames, `extra.turns` the finished turns. */
export function readRealtime(frames: Iterable<RealtimeFrame>): Reading {
  const reader = createRealtimeReader();
  for (const frame of frames) reader.push(frame);
  return reader.end();
}

/** Reads a session frame by frame. Never throws; keeps text within the bound of one answer. */
export function createRealtimeReader(maxTextBytes?: number): { push(frame: RealtimeFrame): void; end(): Reading } {
  const draft = new Draft(SWITCHING_PROTOCOLS, () => null, maxTextBytes);
  const facts: StreamFacts = { events: 0, done: false, ended: false, malformed: 0 };
  const session = new Session(draft);
  return {
    push({ direction, data }) {
      const value = asObject(typeof data === 'string' ? parseJson(data) : data);
      if (direction === 'sent' && value !== null) session.sent(value);
      if (direction !== 'received') return;
      facts.events += 1;
      if (value === null) facts.malformed += 1;
      else session.received(value);
    },
    end() {
      draft.extra.turns = session.turns;
      return draft.reading({ ...facts, ended: draft.ended });
    },
  };
}

class Session {
  /** Turns that came to their end. */
  turns = 0;
  readonly #rawUsages: Json[] = [];

  constructor(readonly draft: Draft) {}

  /** Gemini Live names the model only in what the client sends. */
  sent(value: Json): void {
    const model = asName(asObject(value.setup)?.model);
    if (model !== null) this.draft.extra.setup_model = model;
  }

  received(value: Json): void {
    // Other events may carry an error of their own, as a transcription that failed, and the session goes on.
    if (value.type === 'error') this.draft.setError(readHiddenError(value, SWITCHING_PROTOCOLS));
    if (typeof value.type === 'string') this.#openaiEvent(value.type, value);
    else this.#geminiMessage(value);
  }

  #openaiEvent(type: string, event: Json): void {
    const { draft } = this;
    const response = asObject(event.response);
    if (OPENAI_TEXT.has(type)) draft.addText(asString(event.delta));
    else if (type === 'session.created' || type === 'session.updated') {
      draft.model = asName(asObject(event.session)?.model) ?? draft.model;
    } else if (type === 'response.created') draft.ended = false;
    else if (type === 'response.done' && response !== null) {
      draft.finishReason = asName(response.status) ?? draft.finishReason;
      for (const item of asObjects(response.output)) readCallItem(item, draft);
      // xAI leaves the response's own usage empty and writes it one level up.
      const inner = asObject(response.usage) ?? {};
      const raw = Object.keys(inner).length > 0 ? inner : asObject(event.usage);
      if (raw !== null) this.#addUsage(openaiUsage(raw), raw);
      this.#endTurn();
    }
  }

  #geminiMessage(message: Json): void {
    const { draft } = this;
    const content = asObject(message.serverContent) ?? {};
    if (asObject(message.setupComplete) === null) draft.ended = false;
    draft.addText(asString(asObject(content.outputTranscription)?.text));
    for (const part of asObjects(asObject(content.modelTurn)?.parts)) {
      if (part.thought !== true) draft.addText(asString(part.text));
    }
    for (const called of asObjects(asObject(message.toolCall)?.functionCalls)) {
      const call = draft.call(draft.callCount);
      call.id = asName(called.id);
      call.name = asName(called.name);
      draft.setArgumentValue(call, called.args ?? {});
    }
    const raw = asObject(message.usageMetadata);
    if (raw !== null) this.#addUsage(googleUsage(raw), raw);
    if (content.turnComplete === true) this.#endTurn();
  }

  #addUsage(usage: Usage | null, raw: Json): void {
    if (usage === null) return;
    this.draft.usage = this.draft.usage === null ? usage : addUsage(this.draft.usage, usage);
    const kept = [...this.#rawUsages, raw];
    if (kept.length <= MAX_RAW_USAGES && sizeWithin(kept, MAX_RAW_BYTES) !== null) this.#rawUsages.push(raw);
    this.draft.usageRaw = this.#rawUsages;
  }

  #endTurn(): void {
    this.turns += 1;
    this.draft.ended = true;
  }
}

/** Usage objects kept as written; a session may last for hours. */
const MAX_RAW_USAGES = 100;

const OPENAI_TEXT = new Set([
  'response.output_text.delta',
  'response.text.delta',
  'response.output_audio_transcript.delta',
  'response.audio_transcript.delta',
]);
