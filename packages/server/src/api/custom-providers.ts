import { type CustomProvider, type customProviderEndpoints, Refusal } from '@headgate/contract';
import { isPrivateHost, isoTime } from '../lib/index.ts';
import type { CustomProviderData, Entry } from '../stores/control-ports.ts';
import type { TokenIdentity } from '../stores/snapshot-ports.ts';
import { type ApiDeps, type Handlers, versioned } from './endpoint-handler.ts';
import { accountScope, compareText, paged } from './find.ts';
import { mask } from './mask.ts';

type Provider = Entry<CustomProviderData>;

export function customProviderHandlers({
  control,
  cache,
  mayBePrivate,
}: ApiDeps): Handlers<typeof customProviderEndpoints> {
  const { customProviders } = control;
  const purge = (accountId: string, slug: string) => cache.purgeProvider(accountId, `custom-${slug}`);

  return {
    'customProviders.list': async ({ params, query, token }) => {
      const wanted = query.search?.toLowerCase() ?? '';
      const { items, totalCount } = await customProviders.list(accountScope(params.account_id), {
        ...paged(query),
        match: ({ id, name, data }) =>
          (query.enable ?? data.enable) === data.enable &&
          (query.beta ?? data.beta) === data.beta &&
          [id, name, data.title].some((text) => text.toLowerCase().includes(wanted)),
        compare: comparison(query.order_by),
      });
      return { items: items.map((entry) => wire(entry, token)), totalCount };
    },
    'customProviders.create': async ({ params, body, token, write }) => {
      checkBaseUrl(body.base_url, mayBePrivate);
      const data: CustomProviderData = {
        title: body.name,
        baseUrl: body.base_url,
        description: body.description ?? null,
        link: body.link ?? null,
        enable: body.enable ?? false,
        beta: body.beta ?? false,
        curlExample: body.curl_example ?? null,
        jsExample: body.js_example ?? null,
        headers: body.headers ?? null,
        position: body.position ?? null,
      };
      const made = await slugOrTaken(
        customProviders.create(accountScope(params.account_id), { name: body.slug, data }, write),
      );
      return versioned(wire(made, token), made);
    },
    'customProviders.get': async ({ params, token }) => {
      const entry = known(await customProviders.get(accountScope(params.account_id), params.id));
      return versioned(wire(entry, token), entry);
    },
    'customProviders.edit': async ({ params, body, token, write }) => {
      if (body.base_url !== undefined) checkBaseUrl(body.base_url, mayBePrivate);
      let slugBefore = '';
      const given = <T>(value: T | undefined, before: T): T => (value === undefined ? before : value);
      const changed = await slugOrTaken(
        customProviders.update(accountScope(params.account_id), params.id, {
          ...write,
          to: ({ name, data }) => {
            slugBefore = name;
            return {
              name: body.slug ?? name,
              data: {
                title: body.name ?? data.title,
                baseUrl: body.base_url ?? data.baseUrl,
                description: given(body.description, data.description),
                link: given(body.link, data.link),
                enable: given(body.enable, data.enable) ?? false,
                beta: given(body.beta, data.beta) ?? false,
                curlExample: given(body.curl_example, data.curlExample),
                jsExample: given(body.js_example, data.jsExample),
                headers: given(body.headers, data.headers),
                position: given(body.position, data.position),
              },
            };
          },
        }),
      );
      const entry = known(changed);
      await purge(params.account_id, slugBefore);
      return versioned(wire(entry, token), entry);
    },
    'customProviders.delete': async ({ params, token, write }) => {
      const entry = known(await customProviders.remove(accountScope(params.account_id), params.id, write));
      await purge(params.account_id, entry.name);
      return wire(entry, token);
    },
  };
}

/**
 * Refuses what calls must never go to. Names are resolved and checked again each time a connection is made.
 * @throws Refusal `customProviderUrl`.
 */
function checkBaseUrl(text: string, mayBePrivate: (hostname: string) => boolean): void {
  const url = URL.parse(text);
  const refuse = (message: string) =>
    new Refusal('customProviderUrl', { message, errors: [{ code: 1002, message, path: ['body', 'base_url'] }] });
  if (url === null || !/^https?:$/.test(url.protocol)) throw refuse('base_url must be an https URL');
  if (url.username !== '' || url.password !== '') throw refuse('base_url must not hold credentials: use headers');
  if (/[?#]/.test(text)) throw refuse('base_url must not have a query or a fragment');
  if (mayBePrivate(url.hostname)) return;
  if (url.protocol !== 'https:') throw refuse('base_url must begin with https://');
  if (isPrivateHost(url.hostname)) throw refuse('base_url must not be a private address');
}

async function slugOrTaken<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (cause) {
    if (!(cause instanceof Refusal && cause.kind === 'apiConflict')) throw cause;
    const message = 'Another custom provider has this slug';
    const errors = [{ code: 1003, message, path: ['body', 'slug'] }];
    throw new Refusal('customProviderTaken', { message, errors, cause });
  }
}

function known(entry: Provider | null): Provider {
  if (entry === null) throw new Refusal('customProviderUnknown');
  return entry;
}

/** By position, those without one last, then by name; or by the field that `order_by` names. */
function comparison(orderBy: string | undefined): (a: Provider, b: Provider) => number {
  const byPosition = (a: Provider, b: Provider) => {
    const [x, y] = [a.data.position ?? Number.POSITIVE_INFINITY, b.data.position ?? Number.POSITIVE_INFINITY];
    return x === y ? 0 : x - y;
  };
  const byName = (a: Provider, b: Provider) => compareText(a.data.title, b.data.title);
  if (orderBy === undefined) return (a, b) => byPosition(a, b) || byName(a, b);
  const [field = '', direction = 'asc'] = orderBy.toLowerCase().split(' ');
  const sign = direction === 'asc' ? 1 : -1;
  const by: Record<string, (a: Provider, b: Provider) => number> = {
    name: byName,
    slug: (a, b) => compareText(a.name, b.name),
    position: byPosition,
    created_at: (a, b) => a.createdAtMs - b.createdAtMs,
    modified_at: (a, b) => a.modifiedAtMs - b.modifiedAtMs,
  };
  return (a, b) => sign * (by[field]?.(a, b) ?? 0);
}

function wire(entry: Provider, token: TokenIdentity): CustomProvider {
  const { id, accountId, name: slug, data } = entry;
  return {
    id,
    account_id: accountId,
    account_tag: accountId,
    name: data.title,
    slug,
    base_url: data.baseUrl,
    description: data.description,
    link: data.link,
    enable: data.enable,
    beta: data.beta,
    curl_example: data.curlExample,
    js_example: data.jsExample,
    headers: data.headers !== null && !token.permissions.has('edit') ? mask('') : data.headers,
    position: data.position,
    logo: logo(slug),
    created_at: isoTime(entry.createdAtMs),
    modified_at: isoTime(entry.modifiedAtMs),
  };
}

/** The first letter on a colour of its own, as an SVG in base64. A slug holds nothing that XML would need escaped. */
function logo(slug: string): string {
  const hue = [...slug].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 0);
  const text = `<text x="16" y="22" font-family="sans-serif" font-size="18" text-anchor="middle" fill="#fff">${slug.charAt(0).toUpperCase()}</text>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><rect width="32" height="32" rx="6" fill="hsl(${hue},55%,40%)"/>${text}</svg>`;
  return Buffer.from(svg).toString('base64');
}
