import { type logEndpoints, Refusal } from '@headgate/contract';
import type { LogChange, LogSelection, MetadataValue } from '../stores/log-ports.ts';
import type { ApiDeps, Handlers } from './endpoint-handler.ts';
import { found, type GatewayPath, gatewayOf } from './find.ts';
import { filtersOfOldParameters, typedFilters } from './log-filters.ts';
import { heads, wireBill, wireLog, wireStatistics } from './wire-log.ts';

/** Most metadata entries a log keeps, as for `cf-aig-metadata`. */
const MAX_METADATA = 5;

export function logHandlers({ control, logs }: ApiDeps): Handlers<typeof logEndpoints> {
  const gatewayKey = (path: GatewayPath) => gatewayOf(control, path).key;
  const find = (params: GatewayPath & { id: string }) => found(logs.get(gatewayKey(params), params.id), 'log');

  return {
    'logs.list': async ({ params, query }) => {
      const page = await logs.list({
        gatewayKey: gatewayKey(params),
        filters: [...typedFilters(query.filters), ...filtersOfOldParameters(query)],
        ...(query.search === undefined || query.search === '' ? {} : { search: query.search }),
        orderBy: query.order_by,
        direction: query.order_by_direction ?? query.direction ?? 'desc',
        page: query.page,
        perPage: query.per_page,
        withStatistics: query.meta_info ?? false,
      });
      return {
        items: page.rows.map(wireLog),
        totalCount: page.totalCount,
        statistics: wireStatistics(page.statistics),
      };
    },
    'logs.delete': async ({ params, query }) => {
      const selection: LogSelection = {
        gatewayKey: gatewayKey(params),
        filters: typedFilters(query.filters),
        ...(query.search === undefined || query.search === '' ? {} : { search: query.search }),
        orderBy: query.order_by,
        direction: query.order_by_direction ?? 'desc',
      };
      await logs.delete(selection, query.limit);
      return { success: true };
    },
    'logs.get': async ({ params, token }) => {
      const { record, bodies } = await find(params);
      return {
        ...wireLog(record),
        cost_breakdown: wireBill(record),
        ...heads(record, token.permissions.has('read') ? bodies : null),
      };
    },
    'logs.edit': async ({ params, body }) => {
      const change: LogChange = {};
      if (body.feedback !== undefined) change.feedback = body.feedback === 0 ? null : body.feedback;
      if (body.score !== undefined) change.score = body.score;
      if (body.metadata !== undefined) change.metadata = body.metadata && kept(body.metadata);
      return wireLog(await found(logs.patch(gatewayKey(params), params.id, change), 'log'));
    },
    'logs.request': async ({ params }) => {
      const { record, bodies } = await find(params);
      return storedBody(bodies?.request ?? null, record.requestContentType);
    },
    'logs.response': async ({ params }) => {
      const { record, bodies } = await find(params);
      return storedBody(bodies?.response ?? null, record.responseContentType);
    },
  };
}

/** The first entries; names that begin with `cf.` are reserved. */
function kept(metadata: Record<string, MetadataValue>): Record<string, MetadataValue> {
  const own = Object.entries(metadata).filter(([name]) => !name.startsWith('cf.'));
  return Object.fromEntries(own.slice(0, MAX_METADATA));
}

/** A body that someone else wrote: it must not act as a page of our origin. */
function storedBody(body: Uint8Array | null, contentType: string | null): Response {
  if (body === null) throw new Refusal('apiNotFound', { message: 'The body of this log is not kept' });
  return new Response(new Uint8Array(body), {
    headers: {
      'content-type': contentType ?? 'application/octet-stream',
      'content-security-policy': "sandbox; default-src 'none'",
    },
  });
}
