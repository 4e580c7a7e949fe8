/**
 * Makes the price list (packages/server/src/pricing/generated/prices.json) out of the installed data package and our own
 * corrections, offline. Same input, same bytes.
 *   bun scripts/update-prices.ts [--check]
 * Steps for newer prices: docs/prices.md, "Updating the list".
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type ModelInfo, type ModelPrice, type TieredPrices, waitForUpdate } from '@pydantic/genai-prices';
import corrections from '../packages/server/src/pricing/corrections.json' with { type: 'json' };

/** The release that was looked through, and the day it was published. Another one is refused until someone has. */
const DATA = { version: '0.1.8', published: '2026-09-23' };
const MANIFEST = new URL('../node_modules/@pydantic/genai-prices/package.json', import.meta.url);
const FILE = new URL('../packages/server/src/pricing/generated/prices.json', import.meta.url);

interface Source {
  /** Headgate's provider slug. */
  slug: string;
  /** Providers of the data package; where names collide the first wins. */
  from: string[];
  /** What may stand before a model's name at this provider and says nothing about its price. */
  prefixes?: string[];
  keep?(model: ModelInfo): boolean;
}

/** Region prefixes of Bedrock's inference profiles. `global.` is not among them: it has prices of its own. */
const BEDROCK_REGIONS = ['us.', 'us-gov.', 'eu.', 'apac.', 'au.', 'jp.', 'ca.', 'in.'];
const HUGGING_FACE = 'huggingface_';

const SOURCES: Source[] = [
  { slug: 'anthropic', from: ['anthropic'] },
  { slug: 'aws-bedrock', from: ['aws'], prefixes: BEDROCK_REGIONS },
  // Azure bills OpenAI's and Anthropic's models at their list price (global deployments).
  { slug: 'azure', from: ['azure', 'anthropic', 'openai'] },
  { slug: 'azure-openai', from: ['azure', 'openai'] },
  { slug: 'baseten', from: ['baseten'] },
  { slug: 'cerebras', from: ['cerebras'] },
  { slug: 'cohere', from: ['cohere'] },
  { slug: 'deepseek', from: ['deepseek'] },
  { slug: 'fireworks', from: ['fireworks'] },
  {
    slug: 'google-ai-studio',
    from: ['google'],
    prefixes: ['google/'],
    keep: (model) => !/^claude|-maas$/.test(model.id),
  },
  {
    slug: 'google-vertex-ai',
    from: ['google'],
    prefixes: ['google/', 'anthropic/'],
    keep: (model) => !isFree(model),
  },
  { slug: 'grok', from: ['x-ai'] },
  { slug: 'groq', from: ['groq'] },
  { slug: 'huggingface', from: [HUGGING_FACE] },
  { slug: 'mistral', from: ['mistral'] },
  { slug: 'openai', from: ['openai'] },
  { slug: 'openrouter', from: ['openrouter'] },
  { slug: 'perplexity-ai', from: ['perplexity'] },
  { slug: 'together', from: ['together'] },
  { slug: 'workers-ai', from: ['cloudflare'] },
];

/** Our name for each rate of the data, and how many units its price is for. Null: nothing in an answer counts it. */
const RATES: Record<string, [name: string, per: number] | null> = {
  input_mtok: ['input', 1e6],
  output_mtok: ['output', 1e6],
  cache_read_mtok: ['cacheRead', 1e6],
  cache_write_mtok: ['cacheWrite', 1e6],
  cache_write_1h_mtok: ['cacheWrite1h', 1e6],
  input_audio_mtok: ['audioInput', 1e6],
  cache_audio_read_mtok: ['audioCacheRead', 1e6],
  output_audio_mtok: ['audioOutput', 1e6],
  input_image_mtok: ['imageInput', 1e6],
  cache_image_read_mtok: ['imageCacheRead', 1e6],
  output_image_mtok: ['imageOutput', 1e6],
  output_reasoning_mtok: ['reasoning', 1e6],
  output_citation_mtok: ['citation', 1e6],
  requests_kcount: ['request', 1e3],
  web_searches_kcount: ['webSearch', 1e3],
  search_units_kcount: ['searchUnit', 1e3],
  input_audio_hours: ['second', 3600],
  audio_hours: null,
  storage_searches_kcount: null,
  input_document_kpages: null,
  input_annotated_document_kpages: null,
  input_text_messages_kcount: null,
  input_video_mtok: null,
  output_video_mtok: null,
};

interface Draft {
  id: string;
  names: string[];
  open: boolean;
  prices: DraftPrice[];
}

interface DraftPrice {
  from?: string | undefined;
  daily?: string[] | undefined;
  weekdays?: number[] | undefined;
  usd: ModelPrice;
}

/** The text of the price list. */
export async function makePriceList(): Promise<string> {
  const { version } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as { version: string };
  if (version !== DATA.version) {
    throw new Error(`the data package is ${version}: look through its changes, then set DATA in this script`);
  }
  const data = await waitForUpdate();
  const lines = SOURCES.map((source) => {
    const models = source.from.flatMap((id) =>
      (data ?? []).filter((provider) => (id === HUGGING_FACE ? provider.id.startsWith(id) : provider.id === id)),
    );
    const corrected = correctionsFor(source.slug);
    const drafts = models.flatMap(({ id, models }) =>
      models
        .filter((model) => !corrected.some((draft) => draft.id === model.id))
        .filter((model) => isOwnPrice(model, source.slug) && (source.keep?.(model) ?? true))
        .map((model) => draftOf(model, id, source)),
    );
    const rows = withoutDoubles([...corrected, ...drafts]).map(rowText);
    const head = `${JSON.stringify(source.slug)}:{"prefixes":${JSON.stringify(source.prefixes ?? [])},"models":[`;
    return `${head}\n${rows.filter((row) => row !== null).join(',\n')}\n]}`;
  });
  const origin = JSON.stringify(`@pydantic/genai-prices ${DATA.version}`);
  return `{"source":${origin},"date":"${DATA.published}","providers":{\n${lines.join(',\n')}\n}}\n`;
}

/** False for what the data has from elsewhere: the price of another seller, or none. */
function isOwnPrice(model: ModelInfo, slug: string): boolean {
  if (slug !== 'openrouter' && model.id.endsWith(':free')) return false;
  if (isEmpty(model)) return isFree(model);
  return (
    slug === 'openrouter' || !/^imported from openrouter|^seen on openrouter|trusting/i.test(model.price_comments ?? '')
  );
}

function isEmpty(model: ModelInfo): boolean {
  return !Array.isArray(model.prices) && Object.keys(model.prices).length === 0;
}

/** An empty price means nothing by itself: it stands for free models and for unknown prices. */
function isFree(model: ModelInfo): boolean {
  return isEmpty(model) && (model.id.endsWith(':free') || /free of charge/i.test(model.price_comments ?? ''));
}

function draftOf(model: ModelInfo, provider: string, source: Source): Draft {
  const rules = leaves(model.match);
  let names = [model.id, ...rules.flatMap(({ text }) => text ?? [])].map((name) => name.replace(/[-@:]+$/, ''));
  // Bedrock's rows of the data say where they hold; what is left is the plain model id.
  names = names.map((name) => name.replace(/^regional\./, ''));
  const prefixes = source.slug === 'aws-bedrock' ? BEDROCK_REGIONS : [];
  names = names.map((name) => name.slice(prefixes.find((prefix) => name.startsWith(prefix))?.length ?? 0));
  if (provider.startsWith(HUGGING_FACE)) names = names.map((name) => `${name}:${provider.slice(HUGGING_FACE.length)}`);
  const [id = model.id] = names;
  return {
    id,
    names,
    open: rules.some((rule) => rule.open),
    prices: isEmpty(model) ? [{ usd: { input_mtok: 0, output_mtok: 0 } }] : pricesOf(model),
  };
}

/** The texts that a rule compares a name with; open: as the start or a part of it. Patterns only add dates to them. */
function leaves(match: object): { text: string | null; open: boolean }[] {
  return Object.entries(match).flatMap(([kind, value]) => {
    if (kind === 'or' || kind === 'and') return (value as object[]).flatMap(leaves);
    return [{ text: kind === 'regex' ? null : String(value), open: kind !== 'equals' && kind !== 'regex' }];
  });
}

function pricesOf(model: ModelInfo): DraftPrice[] {
  if (!Array.isArray(model.prices)) return [{ usd: model.prices }];
  return model.prices.map(({ constraint, prices: usd }) => {
    if (constraint === undefined) return { usd };
    // The data can't say from when on such hours hold, nor on which days: that takes a correction.
    if (constraint.type !== 'start_date') throw new Error(`${model.id} has hourly prices: write a correction`);
    return { from: `${constraint.start_date}T00:00:00Z`, usd };
  });
}

function correctionsFor(slug: string): Draft[] {
  return corrections
    .filter(({ providers }) => providers.includes(slug))
    .map(({ id, names = [], open = false, prices }) => ({
      id,
      names: [id, ...names],
      open,
      prices: prices as unknown as DraftPrice[],
    }));
}

/** Names in lower case; each belongs to the first that has it. */
function withoutDoubles(drafts: Draft[]): Draft[] {
  const taken = new Set<string>();
  return drafts.flatMap((draft) => {
    const names = [...new Set(draft.names.map((name) => name.toLowerCase()))].filter((name) => !taken.has(name));
    for (const name of names) taken.add(name);
    const [first] = names;
    if (first === undefined) return [];
    return [{ ...draft, names, id: names.includes(draft.id.toLowerCase()) ? draft.id : first }];
  });
}

/** One line of JSON, or null for a model of which no price is of use. */
function rowText({ id, names, open, prices }: Draft): string | null {
  const periods = prices.map(({ usd, ...when }) => ({ ...when, ...ratesOf(withHourWrites(usd, names)) }));
  if (periods.some((period) => Object.keys(period.rates).length === 0)) return null;
  const others = names.filter((name) => name !== id.toLowerCase());
  return JSON.stringify({ id, ...(others.length > 0 && { names: others }), ...(open && { open }), prices: periods });
}

/** Claude's writes to the one-hour cache cost twice the input everywhere; the data says so only of Anthropic's own. */
function withHourWrites(usd: ModelPrice, names: string[]): ModelPrice {
  const { input_mtok: input, cache_write_mtok: write, cache_write_1h_mtok: hour } = usd;
  if (input === undefined || write === undefined || hour !== undefined) return usd;
  if (!names.some((name) => name.includes('claude'))) return usd;
  return { ...usd, cache_write_1h_mtok: twice(input) };
}

function twice(price: number | TieredPrices): number | TieredPrices {
  if (typeof price === 'number') return 2 * price;
  return { base: 2 * price.base, tiers: price.tiers.map(({ start, price }) => ({ start, price: 2 * price })) };
}

/** Pico-dollars per unit, base and long prompts. A long prompt changes some rates and leaves the others. */
function ratesOf(usd: ModelPrice): { rates: object; tiers?: object[] } {
  const starts = new Set(
    Object.values(usd).flatMap((price) => (isTiered(price) ? price.tiers.map((t) => t.start) : [])),
  );
  const tiers = [...starts].sort((a, b) => a - b).map((above) => ({ above, rates: ratesAt(usd, above) }));
  return { rates: ratesAt(usd, 0), ...(tiers.length > 0 && { tiers }) };
}

function ratesAt(usd: ModelPrice, above: number): Record<string, number | string> {
  const rates: Record<string, number | string> = {};
  for (const [key, price] of Object.entries(usd).sort(([a], [b]) => rank(a) - rank(b))) {
    const rate = RATES[key];
    if (rate === undefined) throw new Error(`unknown rate ${key}: name it in RATES`);
    if (rate === null || price === undefined) continue;
    const tier = isTiered(price) ? price.tiers.findLast(({ start }) => start <= above) : undefined;
    rates[rate[0]] = picoPer(tier?.price ?? (isTiered(price) ? price.base : price), rate[1]);
  }
  return rates;
}

const rank = (key: string): number => Object.keys(RATES).indexOf(key);

function isTiered(price: number | TieredPrices | undefined): price is TieredPrices {
  return typeof price === 'object';
}

/** Dollars for `per` units as pico-dollars for one: a whole number, or `n/d` in lowest terms. */
function picoPer(usd: number, per: number): number | string {
  // Ten digits are more than any price list has, and leave out what floating-point sums added (0.18000000000000002).
  const [whole = '', fraction = ''] = Number(usd.toPrecision(10)).toFixed(12).split('.');
  const pico = BigInt(whole + fraction);
  const [top, bottom] = [pico, BigInt(per)].map((value) => value / gcd(pico, BigInt(per)));
  return bottom === 1n ? Number(top) : `${top}/${bottom}`;
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

if (import.meta.main) {
  const text = await makePriceList();
  if (!process.argv.includes('--check')) writeFileSync(FILE, text);
  else if (readFileSync(FILE, 'utf8') !== text) {
    console.error('the price list is out of date: run "bun scripts/update-prices.ts"');
    process.exit(1);
  }
}
