/** OpenAI Assistants: runs, plain and streamed. Other objects of that API carry no usage. */
import type { Draft } from '../draft.ts';
import { readError } from '../error.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asName, asObject, asObjects, asString, type Json } from '../json.ts';
import { openaiUsage } from '../openai-chat/index.ts';

export const openaiAssistants: WireFormat = { fits, decoder: assistantsDecoder };

function fits(value: Json, name: string | null): boolean {
  return value.object === 'thread.run' || (name?.startsWith('thread.') ?? false);
}

function assistantsDecoder(draft: Draft): Decoder {
  return {
    body: (value) => readRun(value, draft),
    event(value) {
      if (value.object === 'thread.run') readRun(value, draft);
      else if (value.object === 'thread.message.delta') readMessageDelta(asObject(value.delta) ?? {}, draft);
    },
  };
}

function readRun(run: Json, draft: Draft): void {
  draft.responseId = asName(run.id) ?? draft.responseId;
  draft.model = asName(run.model) ?? draft.model;
  draft.finishReason = asName(run.status) ?? draft.finishReason;
  const usage = asObject(run.usage);
  if (usage !== null) draft.setUsage(openaiUsage(usage), usage);
  const error = asObject(run.last_error);
  if (error !== null) draft.setError(readError({ error }, draft.status));
}

function readMessageDelta(delta: Json, draft: Draft): void {
  for (const part of asObjects(delta.content)) draft.addText(asString(asObject(part.text)?.value));
}
