/** OpenAI transcription, translation and speech events; audio itself is not looked at. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asObject, asString, type Json } from '../json.ts';
import { openaiUsage } from '../openai-chat/index.ts';
import { unitsOf, usageOf } from '../usage.ts';

export const openaiAudio: WireFormat = { fits, decoder: audioDecoder };

const BODY_FIELDS = new Set([
  ...['text', 'usage', 'task', 'language', 'duration', 'segments', 'words', 'logprobs', 'x_groq', 'languages'],
  ...['request_id', 'diarization', 'speakers', 'word_count', 'vtt', 'transcription_info'],
]);

/** A transcription has nothing but these fields, many answers have a `text` among others. */
function fits(value: Json): boolean {
  if (typeof value.type === 'string') return /^(transcript\.text|speech\.audio)\./.test(value.type);
  return typeof value.text === 'string' && Object.keys(value).every((name) => BODY_FIELDS.has(name));
}

function audioDecoder(draft: Draft): Decoder {
  return {
    body(value) {
      draft.addText(asString(value.text));
      readUsage(value, draft);
    },
    event(value) {
      if (value.type === 'transcript.text.delta') draft.addText(asString(value.delta));
      if (value.type === 'transcript.text.done' || value.type === 'speech.audio.done') {
        draft.ended = true;
        if (draft.text === null) draft.addText(asString(value.text));
        readUsage(value, draft);
      }
    },
  };
}

/** Newer models count tokens, Whisper seconds: in `usage`, or as the `duration` of the verbose form. */
function readUsage(value: Json, draft: Draft): void {
  const raw = asObject(value.usage);
  const seconds = raw?.seconds ?? value.duration;
  const usage = raw === null ? null : openaiUsage(raw);
  draft.setUsage(usageOf({ ...usage, units: unitsOf({ seconds: Number(seconds) }) }), raw);
}
