/** Replicate predictions: an object that is polled, and streams of plain text. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asList, asName, asObject, asString, firstCount, type Json, parseJson } from '../json.ts';
import { unitsOf, usageOf } from '../usage.ts';

export const replicate: WireFormat = { fits, decoder: replicateDecoder };

function fits(value: Json): boolean {
  return asObject(value.urls) !== null && 'status' in value && 'version' in value;
}

function replicateDecoder(draft: Draft): Decoder {
  return {
    body(value) {
      draft.responseId = asName(value.id);
      draft.model = asName(value.model);
      draft.finishReason = asName(value.status);
      draft.addText(outputText(value.output));
      readMetrics(value.metrics, draft);
    },
    event() {
      // Only plain events carry anything.
    },
    plain(name, data) {
      if (name === 'output') draft.addText(data);
      else if (name === 'done') readEnd(data, draft);
      else if (name !== 'logs') return false;
      return true;
    },
  };
}

/** The end of a stream says why where it was no success: `{"reason":"error"}`. */
function readEnd(data: string, draft: Draft): void {
  draft.finishReason = asName(asObject(parseJson(data))?.reason) ?? draft.finishReason;
  draft.ended = true;
}

/** Language models answer with pieces of text; addresses of files are no text. */
function outputText(output: unknown): string | null {
  const pieces = typeof output === 'string' ? [output] : asList(output);
  const texts = pieces.map(asString);
  if (texts.length === 0 || texts.some((text) => text === null || /^(https?|data):/.test(text))) return null;
  return texts.join('');
}

function readMetrics(value: unknown, draft: Draft): void {
  const raw = asObject(value);
  if (raw === null) return;
  const usage = usageOf({
    input: firstCount(raw.input_token_count),
    output: firstCount(raw.output_token_count),
    units: unitsOf({ predict_time: raw.predict_time, image_count: raw.image_count }),
  });
  draft.setUsage(usage, raw);
}
