import { anthropicMessages } from './anthropic-messages/index.ts';
import type { WireFormat } from './format.ts';
import { googleGenerate } from './google-generate/index.ts';
import type { Json } from './json.ts';
import { openaiChat } from './openai-chat/index.ts';
import { openaiResponses } from './openai-responses/index.ts';
import type { FormatName } from './reading.ts';

/** The wire formats that have a name, by it. */
const NAMED: Partial<Record<FormatName, WireFormat>> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'anthropic-messages': anthropicMessages,
  'google-generate': googleGenerate,
};

/** Formats to try on an answer that may be of any, the most certain marks first. */
const BY_SHAPE: readonly WireFormat[] = [openaiResponses, anthropicMessages, openaiChat, googleGenerate];

/**
 * The format of a JSON value: the expected one where the value looks like it, else the one whose marks it bears, since
 * one provider path may answer in several formats. Null where no format claims it.
 */
export function formatOf(expected: FormatName, value: Json, name: string | null): WireFormat | null {
  const named = NAMED[expected];
  if (named?.fits(value, name)) return named;
  return BY_SHAPE.find((format) => format.fits(value, name)) ?? null;
}
