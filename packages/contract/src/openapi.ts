import { z } from 'zod';
import { API_BASE, type Endpoint } from './endpoint.ts';
import { endpointList } from './endpoints.ts';

type Json = Record<string, unknown>;

/** OpenAPI 3.1 description of the management API, made from the endpoint records. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [name, endpoint] of endpointList) {
    const methods = paths[endpoint.path] ?? {};
    paths[endpoint.path] = methods;
    methods[endpoint.method.toLowerCase()] = operation(name, endpoint);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Headgate management API', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: API_BASE }],
    security: [{ token: [] }, { email: [], key: [] }],
    tags: [...new Set(endpointList.map(([, endpoint]) => endpoint.tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        email: { type: 'apiKey', in: 'header', name: 'X-Auth-Email' },
        key: { type: 'apiKey', in: 'header', name: 'X-Auth-Key' },
      },
      schemas: { Error: ERROR_SCHEMA, ResultInfo: RESULT_INFO_SCHEMA },
    },
  };
}

function operation(name: string, endpoint: Endpoint): Json {
  const out: Json = {
    operationId: name,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    'x-permission': endpoint.permission,
    parameters: [...pathParameters(endpoint.path), ...queryParameters(endpoint)],
    responses: {
      200: { description: 'Success', content: successContent(endpoint) },
      default: { description: 'Refused', content: json({ $ref: '#/components/schemas/Error' }) },
    },
  };
  if (endpoint.body !== null) out.requestBody = { required: true, content: json(schema(endpoint.body, 'input')) };
  return out;
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(endpoint: Endpoint): Json[] {
  const { properties = {}, required = [] } = schema(endpoint.query, 'output') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => {
    const isList = property.type === 'array' && (property.items as Json).type === 'object';
    return {
      name,
      in: 'query',
      required: required.includes(name) && !('default' in property),
      // A list of objects travels as one JSON text; the dotted form of the official SDK has no OpenAPI notation.
      ...(isList ? { content: json(property) } : { schema: property }),
    };
  });
}

function successContent(endpoint: Endpoint): Json {
  if (endpoint.reply === 'bytes') return { '*/*': {} };
  const response = schema(endpoint.response, 'output');
  if (endpoint.reply === 'raw') return json(response);
  const properties: Json = {
    success: { const: true },
    errors: { type: 'array', maxItems: 0 },
    messages: { type: 'array', items: { type: 'string' } },
    result: endpoint.reply === 'page' ? { type: 'array', items: response } : response,
  };
  if (endpoint.reply === 'page') properties.result_info = { $ref: '#/components/schemas/ResultInfo' };
  return json({ type: 'object', required: Object.keys(properties), properties });
}

function schema(type: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(type, { io, unrepresentable: 'any' });
  return rest;
}

function json(content: Json): Json {
  return { 'application/json': { schema: content } };
}

const ERROR_SCHEMA = {
  type: 'object',
  required: ['success', 'errors', 'messages', 'result'],
  properties: {
    success: { const: false },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['code', 'message'],
        properties: {
          code: { type: 'integer' },
          message: { type: 'string' },
          path: { type: 'array', items: { type: ['string', 'integer'] } },
        },
      },
    },
    messages: { type: 'array', items: { type: 'string' } },
    result: { type: 'null' },
  },
};

const RESULT_INFO_SCHEMA = {
  type: 'object',
  required: ['page', 'per_page', 'count', 'total_count', 'total_pages'],
  properties: Object.fromEntries(
    ['page', 'per_page', 'count', 'total_count', 'total_pages'].map((name) => [name, { type: 'integer' }]),
  ),
  additionalProperties: { type: 'number' },
};
