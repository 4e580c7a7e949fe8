import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery, paging, queryBoolean, timestamp } from './fields.ts';

/** JSON object of header names and values, as a text: that is how the official types have it. */
const headersText = z.string().max(65_536).refine(isHeaders, 'Expected a JSON object of header names and texts');

function isHeaders(text: string): boolean {
  try {
    const headers: unknown = JSON.parse(text);
    if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return false;
    // What `Headers` refuses could not be sent.
    new Headers(z.record(z.string(), z.string()).parse(headers));
    return true;
  } catch {
    return false;
  }
}

const required = {
  name: z.string().min(1).max(255),
  /** Called as `custom-{slug}`, also where it begins with `custom-` itself. */
  slug: z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'Use letters, digits and -'),
  /** Origin, with a fixed path where wanted; https. Its rules are errors of their own (code 1002). */
  base_url: z.string().max(2048),
};
const optional = {
  description: z.string().max(4096),
  link: z.string().max(2048),
  enable: z.boolean(),
  beta: z.boolean(),
  curl_example: z.string().max(65_536),
  js_example: z.string().max(65_536),
  headers: headersText,
  position: z.number(),
};
const nullish = {
  description: optional.description.nullish(),
  link: optional.link.nullish(),
  enable: optional.enable.nullish(),
  beta: optional.beta.nullish(),
  curl_example: optional.curl_example.nullish(),
  js_example: optional.js_example.nullish(),
  headers: optional.headers.nullish(),
  position: optional.position.nullish(),
};

export const customProviderCreate = z.object({ ...required, ...nullish });
/** Fields left out stay; null clears an optional one. */
export const customProviderUpdate = z.object({ ...z.object(required).partial().shape, ...nullish });

export const customProvider = z.object({
  id: z.string(),
  account_id: z.string(),
  account_tag: z.string(),
  ...required,
  description: optional.description.nullable(),
  link: optional.link.nullable(),
  enable: z.boolean(),
  beta: z.boolean(),
  curl_example: optional.curl_example.nullable(),
  js_example: optional.js_example.nullable(),
  /** Masked for tokens without edit: it may hold credentials. */
  headers: z.string().nullable(),
  position: z.number().nullable(),
  /** An SVG made from the slug, in base64. */
  logo: z.string(),
  created_at: timestamp,
  modified_at: timestamp,
});
export type CustomProvider = z.output<typeof customProvider>;

const tag = 'Custom providers';
const all = '/accounts/{account_id}/ai-gateway/custom-providers';
const one = '/accounts/{account_id}/ai-gateway/custom-providers/{id}';

export const customProviderEndpoints = {
  'customProviders.list': endpoint({
    method: 'GET',
    path: all,
    tag,
    summary: 'List custom providers, by position, then name, or as `order_by` says, e.g. `name DESC`',
    permission: 'read',
    query: z.object({
      ...paging(),
      enable: queryBoolean.optional(),
      beta: queryBoolean.optional(),
      search: z.string().optional(),
      order_by: z
        .string()
        .regex(/^(name|slug|position|created_at|modified_at)( (asc|desc))?$/i, 'Expected a field and ASC or DESC')
        .optional(),
    }),
    body: null,
    response: customProvider,
    reply: 'page',
  }),
  'customProviders.create': endpoint({
    method: 'POST',
    path: all,
    tag,
    summary: 'Create a custom provider; it serves nothing until it is enabled',
    permission: 'edit',
    query: noQuery,
    body: customProviderCreate,
    response: customProvider,
    reply: 'result',
  }),
  'customProviders.get': endpoint({
    method: 'GET',
    path: one,
    tag,
    summary: 'Fetch a custom provider',
    permission: 'read',
    query: noQuery,
    body: null,
    response: customProvider,
    reply: 'result',
  }),
  'customProviders.edit': endpoint({
    method: 'PATCH',
    path: one,
    tag,
    summary: 'Change a custom provider: fields left out stay, null clears one',
    permission: 'edit',
    query: noQuery,
    body: customProviderUpdate,
    response: customProvider,
    reply: 'result',
  }),
  'customProviders.delete': endpoint({
    method: 'DELETE',
    path: one,
    tag,
    summary: 'Delete a custom provider; its traffic stops at once',
    permission: 'edit',
    query: noQuery,
    body: null,
    response: customProvider,
    reply: 'result',
  }),
};
