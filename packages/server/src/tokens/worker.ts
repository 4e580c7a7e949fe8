import { serve } from '../stores/worker-link.ts';
import { type Countable, type Counts, countTokens } from './count.ts';
import { type CountText, type EncodingName, encodingOf, loadEncoding } from './encoding.ts';

/** What the main thread asks. */
export interface CountOps {
  count: { ask: Countable; answer: Counts };
  /** Loads the encoding of a model ahead. */
  load: { ask: { model: string }; answer: null };
}

declare const self: Worker;

const loaded = new Map<EncodingName, Promise<CountText>>();

function encodingFor(model: string): Promise<CountText> {
  const name = encodingOf(model);
  const encoding = loaded.get(name) ?? loadEncoding(name);
  loaded.set(name, encoding);
  return encoding;
}

serve<CountOps>(self, {
  count: async (what) => countTokens(what, await encodingFor(what.model)),
  load: async ({ model }) => {
    await encodingFor(model);
    return null;
  },
});
