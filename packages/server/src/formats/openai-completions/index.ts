/** OpenAI text completions, as OpenAI, vLLM, Together, Writer and DeepSeek (also on Bedrock) write them. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asName, asObject, asObjects, asString, type Json } from '../json.ts';
import { openaiUsage } from '../openai-chat/index.ts';

export const openaiCompletions: WireFormat = { fits, decoder: completionsDecoder };

function fits(value: Json): boolean {
  if (value.object === 'text_completion') return true;
  const [first] = asObjects(value.choices);
  return first === undefined ? isWriterPiece(value) : typeof first.text === 'string';
}

/** Writer streams nothing but `{"value": "…"}`. */
function isWriterPiece(value: Json): boolean {
  return typeof value.value === 'string' && Object.keys(value).length === 1;
}

function completionsDecoder(draft: Draft): Decoder {
  const read = (value: Json) => {
    draft.responseId ??= asName(value.id);
    draft.model = asName(value.model) ?? draft.model;
    const usage = asObject(value.usage);
    if (usage !== null) draft.setUsage(openaiUsage(usage), usage);
    if (isWriterPiece(value)) draft.addText(asString(value.value));
    for (const choice of asObjects(value.choices)) {
      if (choice.index === undefined || choice.index === 0) readChoice(choice, draft);
    }
    // As in chat: the usage may follow the finish reason.
    if (usage !== null && draft.finishReason !== null) draft.ended = true;
  };
  return { body: read, event: read };
}

function readChoice(choice: Json, draft: Draft): void {
  draft.addText(asString(choice.text));
  // DeepSeek on Bedrock says `stop_reason`; vLLM writes both, and its `stop_reason` is the stop string or token.
  const finish = asName(choice.finish_reason) ?? ('finish_reason' in choice ? null : asName(choice.stop_reason));
  if (finish !== null) draft.finishReason = finish;
}
