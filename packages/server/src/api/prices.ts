import { type Price, type priceEndpoints, Refusal } from '@headgate/contract';
import { isoTime } from '../lib/index.ts';
import { plainDecimal } from '../pricing/index.ts';
import { findProvider } from '../providers/index.ts';
import type { Collection, Entry, PriceData } from '../stores/control-ports.ts';
import { type ApiDeps, type Handlers, versioned } from './endpoint-handler.ts';
import { accountScope, compareText, notFound, paged } from './find.ts';
import { invalidAt } from './read-input.ts';

/** No model has a longer name; also the bound of look-ups. */
const MAX_MODEL_LENGTH = 256;

interface PricePath {
  account_id: string;
  provider: string;
  model: string;
}

export function priceHandlers({ control }: ApiDeps): Handlers<typeof priceEndpoints> {
  const { prices } = control;

  return {
    'prices.list': async ({ params, query }) => {
      const provider = query.provider === undefined ? null : ownSlug(query.provider);
      const wanted = query.search?.toLowerCase() ?? '';
      const { items, totalCount } = await prices.list(accountScope(params.account_id), {
        ...paged(query),
        match: ({ data }) =>
          (provider ?? data.provider) === data.provider &&
          (query.model ?? data.model).toLowerCase() === data.model.toLowerCase() &&
          [data.provider, data.model].some((text) => text.toLowerCase().includes(wanted)),
        compare: ({ data: a }, { data: b }) =>
          compareText(a.provider, b.provider) || compareText(a.model, b.model) || startOf(a) - startOf(b),
      });
      return { items: items.map(wire), totalCount };
    },
    'prices.get': async ({ params, query }) => {
      const entry = await addressed(prices, params, query.valid_from);
      return versioned(wire(entry), entry);
    },
    'prices.set': async ({ params, body, write }) => {
      const scope = accountScope(params.account_id);
      const data: PriceData = {
        ...place(params),
        rates: texts(body.rates),
        tiers: (body.tiers ?? [])
          .map(({ above, rates }) => ({ above, rates: texts(rates) }))
          .sort((a, b) => a.above - b.above),
        fromMs: timeOf(body.valid_from),
        untilMs: timeOf(body.valid_until),
      };
      const name = nameOf(data);
      const entry = await control.atomically(async (stores) => {
        const before = await stores.prices.find(scope, name);
        if (before !== null) return stores.prices.update(scope, before.id, { ...write, to: () => ({ data }) });
        if (write.versions !== undefined) throw new Refusal('apiPreconditionFailed');
        return stores.prices.create(scope, { name, data }, write);
      });
      if (entry === null) throw notFound('price');
      return versioned(wire(entry), entry);
    },
    'prices.delete': async ({ params, query, write }) => {
      const { id } = await addressed(prices, params, query.valid_from);
      const gone = await prices.remove(accountScope(params.account_id), id, write);
      if (gone === null) throw notFound('price');
      return wire(gone);
    },
  };
}

/** @throws Refusal `apiNotFound`, which says when other prices of the model begin. */
async function addressed(prices: Collection<PriceData>, params: PricePath, validFrom: string | undefined) {
  const scope = accountScope(params.account_id);
  const { provider, model } = place(params);
  const entry = await prices.find(scope, nameOf({ provider, model, fromMs: timeOf(validFrom) }));
  if (entry !== null) return entry;
  const same = (data: PriceData) => data.provider === provider && data.model.toLowerCase() === model.toLowerCase();
  const others = await prices.list(scope, { page: 1, perPage: 5, match: ({ data }) => same(data) });
  if (others.totalCount === 0) throw notFound('price');
  const starts = others.items.map(({ data }) => (data.fromMs === null ? 'none' : isoTime(data.fromMs)));
  const message = `There is no such price; this model has prices with valid_from ${starts.join(', ')}`;
  throw new Refusal('apiNotFound', { message });
}

/** Providers go by their own slug; one that is not known may be a custom one that is made later. */
function place({ provider, model }: PricePath): Pick<PriceData, 'provider' | 'model'> {
  if (!/^[A-Za-z0-9-]{1,80}$/.test(provider)) throw invalidAt(['path', 'provider'], 'Expected the slug of a provider');
  const name = model.trim();
  if (name === '' || name.length > MAX_MODEL_LENGTH) {
    throw invalidAt(['path', 'model'], `Expected the name of a model, at most ${MAX_MODEL_LENGTH} characters`);
  }
  return { provider: ownSlug(provider), model: name };
}

function ownSlug(provider: string): string {
  return findProvider(provider)?.slug ?? provider;
}

function nameOf({ provider, model, fromMs }: Pick<PriceData, 'provider' | 'model' | 'fromMs'>): string {
  return `${provider}/${model.toLowerCase()}@${fromMs ?? ''}`;
}

function timeOf(text: string | null | undefined): number | null {
  return text ? Date.parse(text) : null;
}

function startOf({ fromMs }: PriceData): number {
  return fromMs ?? Number.MIN_SAFE_INTEGER;
}

function texts(rates: Readonly<Record<string, number | string | undefined>>): Record<string, string> {
  const known = Object.entries(rates).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([name, value]) => [name, plainDecimal(String(value)) ?? '0']));
}

function wire({ id, data, version, createdAtMs, modifiedAtMs }: Entry<PriceData>): Price {
  return {
    id,
    provider: data.provider,
    model: data.model,
    rates: data.rates,
    tiers: data.tiers,
    valid_from: data.fromMs === null ? null : isoTime(data.fromMs),
    valid_until: data.untilMs === null ? null : isoTime(data.untilMs),
    version,
    created_at: isoTime(createdAtMs),
    modified_at: isoTime(modifiedAtMs),
  };
}
