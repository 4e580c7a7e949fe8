import type { Dataset, DatasetBody, datasetEndpoints } from '@headgate/contract';
import { isoTime } from '../lib/index.ts';
import type { DatasetData, Entry } from '../stores/control-ports.ts';
import { type ApiDeps, type Handlers, versioned } from './endpoint-handler.ts';
import { below, found, paged } from './find.ts';
import { typedFilters } from './log-filters.ts';

export function datasetHandlers({ control }: ApiDeps): Handlers<typeof datasetEndpoints> {
  const { datasets } = control;

  return {
    'datasets.list': async ({ params, query }) => {
      const wanted = query.search?.toLowerCase() ?? '';
      const { items, totalCount } = await datasets.list(below(control, params), {
        ...paged(query),
        match: ({ id, data }) =>
          (query.enable ?? data.enable) === data.enable &&
          (query.name ?? data.title) === data.title &&
          [id, data.title, JSON.stringify(data.filters)].some((text) => text.toLowerCase().includes(wanted)),
      });
      return { items: items.map((entry) => wireDataset(entry, params.gateway_id)), totalCount };
    },
    'datasets.create': async ({ params, body, write }) => {
      const made = await datasets.create(below(control, params), { data: dataOf(body) }, write);
      return versioned(wireDataset(made, params.gateway_id), made);
    },
    'datasets.get': async ({ params }) => {
      const entry = await found(datasets.get(below(control, params), params.id), 'dataset');
      return versioned(wireDataset(entry, params.gateway_id), entry);
    },
    'datasets.update': async ({ params, body, write }) => {
      const to = () => ({ data: dataOf(body) });
      const changed = await found(datasets.update(below(control, params), params.id, { ...write, to }), 'dataset');
      return versioned(wireDataset(changed, params.gateway_id), changed);
    },
    'datasets.delete': async ({ params, write }) =>
      wireDataset(await found(datasets.remove(below(control, params), params.id, write), 'dataset'), params.gateway_id),
  };
}

/** @throws Refusal `apiValidation` for a filter whose value its column can't have. */
function dataOf({ name: title, enable, filters }: DatasetBody): DatasetData {
  typedFilters(filters, 'body');
  return { title, enable, filters };
}

export function wireDataset(
  { id, accountId, data, createdAtMs, modifiedAtMs }: Entry<DatasetData>,
  gatewayId: string,
): Dataset {
  return {
    id,
    account_id: accountId,
    account_tag: accountId,
    gateway_id: gatewayId,
    name: data.title,
    enable: data.enable,
    filters: data.filters,
    created_at: isoTime(createdAtMs),
    modified_at: isoTime(modifiedAtMs),
  };
}
