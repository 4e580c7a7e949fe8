import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery, paging, queryBoolean, timestamp } from './fields.ts';

export const datasetFilter = z.object({
  key: z.enum([
    'created_at',
    'request_content_type',
    'response_content_type',
    'success',
    'cached',
    'provider',
    'model',
    'cost',
    'tokens',
    'tokens_in',
    'tokens_out',
    'duration',
    'feedback',
  ]),
  operator: z.enum(['eq', 'contains', 'lt', 'gt']),
  value: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1),
});

/** A dataset is a live query over a gateway's logs: all filters must hold, values of one are alternatives. */
export const datasetBody = z.object({
  name: z.string().min(1).max(255),
  enable: z.boolean(),
  filters: z.array(datasetFilter),
});
export type DatasetBody = z.output<typeof datasetBody>;

export const dataset = z.object({
  id: z.string(),
  account_id: z.string(),
  account_tag: z.string(),
  gateway_id: z.string(),
  ...datasetBody.shape,
  created_at: timestamp,
  modified_at: timestamp,
});
export type Dataset = z.output<typeof dataset>;

const tag = 'Datasets';
const all = '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/datasets';
const one = '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/datasets/{id}';

export const datasetEndpoints = {
  'datasets.list': endpoint({
    method: 'GET',
    path: all,
    tag,
    summary: 'List datasets; `search` looks at id, name and filters',
    permission: 'read',
    query: z.object({
      ...paging(),
      enable: queryBoolean.optional(),
      name: z.string().optional(),
      search: z.string().optional(),
    }),
    body: null,
    response: dataset,
    reply: 'page',
  }),
  'datasets.create': endpoint({
    method: 'POST',
    path: all,
    tag,
    summary: 'Create a dataset',
    permission: 'edit',
    query: noQuery,
    body: datasetBody,
    response: dataset,
    reply: 'result',
  }),
  'datasets.get': endpoint({
    method: 'GET',
    path: one,
    tag,
    summary: 'Fetch a dataset',
    permission: 'read',
    query: noQuery,
    body: null,
    response: dataset,
    reply: 'result',
  }),
  'datasets.update': endpoint({
    method: 'PUT',
    path: one,
    tag,
    summary: 'Replace a dataset',
    permission: 'edit',
    query: noQuery,
    body: datasetBody,
    response: dataset,
    reply: 'result',
  }),
  'datasets.delete': endpoint({
    method: 'DELETE',
    path: one,
    tag,
    summary: 'Delete a dataset',
    permission: 'edit',
    query: noQuery,
    body: null,
    response: dataset,
    reply: 'result',
  }),
};
