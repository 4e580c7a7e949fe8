import { describe, expect, test } from 'bun:test';
import { createReader, type FormatName, type Reading } from '../formats/index.ts';
import { BILLS, type Bill } from './bills.support.ts';
import { costOfAnswer } from './answer-cost.ts';
import { parseExact } from './exact.ts';
import { createPriceBook } from './price-book.ts';

const book = createPriceBook();

/** The smallest answer of a format that holds this usage. */
const BODIES: Partial<Record<FormatName, (model: string | undefined, usage: object) => object>> = {
  'openai-chat': (model, usage) => ({ object: 'chat.completion', model, choices: [], usage }),
  'openai-responses': (model, usage) => ({ object: 'response', model, output: [], usage }),
  'openai-embeddings': (model, usage) => ({ object: 'list', data: [], model, usage }),
  'openai-images': (model, usage) => ({ created: 1, model, data: [{ b64_json: '' }], usage }),
  'openai-audio': (_, usage) => ({ text: '', usage }),
  'anthropic-messages': (model, usage) => ({ type: 'message', model, content: [], usage }),
  'google-generate': (modelVersion, usageMetadata) => ({ modelVersion, candidates: [], usageMetadata }),
  'bedrock-converse': (_, usage) => ({ output: {}, usage }),
  'cohere-v2': (_, usage) => ({ message: {}, usage }),
  'cohere-rerank': (_, meta) => ({ results: [{ index: 0, relevance_score: 0.5 }], meta }),
};

function read({ format, answered, usage }: Bill): Reading {
  const reader = createReader({ format, status: 200, contentType: 'application/json', header: () => null });
  reader.push(new TextEncoder().encode(JSON.stringify(BODIES[format]?.(answered, usage))));
  return reader.end();
}

/** Millionths of a dollar as whole pico-dollars. */
function pico(microDollars: string): bigint {
  const { top, bottom } = parseExact(microDollars) ?? { top: -1n, bottom: 1n };
  return (top * 1_000_000n) / bottom;
}

describe('a bill has the components and the total that were worked out by hand', () => {
  for (const bill of BILLS) {
    test(`${bill.provider}: ${bill.what}`, () => {
      const { provider, model: modelAsked, at = '2026-11-20T12:00:00Z' } = bill;
      const cost = costOfAnswer(book, {
        provider,
        modelAsked,
        reading: read(bill),
        atMs: Date.parse(at),
        custom: null,
      });
      const lines = cost?.components.map(({ units, unitPricePico }) => [units, pico(unitPricePico) / 1_000_000n]);
      const terms = bill.sum.split(' + ').map((term) => term.split('×'));
      expect(lines).toEqual(terms.map(([units = '', price = '']) => [Number(units), pico(price)]));
      expect(cost?.totalPico).toBe(pico(bill.microDollars));
    });
  }
});
