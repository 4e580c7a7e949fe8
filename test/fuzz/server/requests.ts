import { OPERATIONS } from './operations.ts';

/** One request in parts, so that each can be made hostile by itself. */
export interface Hostile {
  method: string;
  /** Path and query. */
  target: string;
  headers: [name: string, value: string][];
  body: string | null;
}

const JSON_TYPE: [string, string] = ['content-type', 'application/json'];
const CHAT = JSON.stringify({
  model: 'gpt-4o-mini',
  max_tokens: 10,
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
});
const OURS: [string, string][] = [
  ['cf-aig-metadata', '{"team":"a","n":1,"on":true}'],
  ['cf-aig-custom-cost', '{"per_token_in":0.000001,"per_token_out":0.000002}'],
  ['cf-aig-cache-ttl', '3600'],
  ['cf-aig-cache-key', 'k'],
  ['cf-aig-skip-cache', 'false'],
  ['cf-aig-max-attempts', '1'],
  ['cf-aig-retry-delay', '1'],
  ['cf-aig-backoff', 'constant'],
  ['cf-aig-request-timeout', '1000'],
  ['cf-aig-event-id', 'an-event'],
  ['cf-aig-collect-log', 'true'],
  ['cf-aig-collect-log-payload', 'true'],
  ['cf-aig-byok-alias', 'default'],
  ['cf-aig-no-wholesale', 'false'],
  ['cf-aig-zdr', 'true'],
];

const FILTERS = [
  { key: 'created_at', operator: 'gt', value: ['2026-01-01T00:00:00Z'] },
  { key: 'model', operator: 'contains', value: ['gpt'] },
  { key: 'metadata.key', operator: 'eq', value: ['team'] },
  { key: 'cost', operator: 'lt', value: [1.5] },
];
const LOGS = '/client/v4/accounts/local/ai-gateway/gateways/fuzz/logs';
const DOTTED =
  'filters.key=model&filters.operator=eq&filters.value=m&filters.value=n&filters.key=cached&filters.operator=eq';

/** A valid request for each thing that the server does; `admin` is put where a token belongs. */
export function requests(admin: string): Hostile[] {
  const call = (target: string, body: string | null, more: [string, string][] = []): Hostile => ({
    method: body === null ? 'GET' : 'POST',
    target,
    headers: [['cf-aig-authorization', `Bearer ${admin}`], JSON_TYPE, ...OURS, ...more],
    body,
  });
  const manage = (method: string, target: string, body: unknown = null): Hostile => ({
    method,
    target,
    headers: [['authorization', `Bearer ${admin}`], JSON_TYPE],
    body: body === null ? null : JSON.stringify(body),
  });
  const step = { provider: 'openai', endpoint: 'chat/completions', headers: { authorization: 'Bearer k' } };
  const steps = [
    { ...step, query: JSON.parse(CHAT), config: { requestTimeout: 1000, maxAttempts: 1, cacheTtl: 60 } },
    { ...step, provider: 'anthropic', endpoint: 'v1/messages', query: { model: 'm', max_tokens: 3, messages: [] } },
  ];
  return [
    call('/v1/local/fuzz/openai/chat/completions?a=1&b=%20', CHAT),
    call('/v1/local/fuzz/openai/chat/completions', CHAT.replace('{', '{"stream":true,')),
    call('/v1/local/fuzz/anthropic/v1/messages', CHAT, [['x-api-key', 'k']]),
    call('/v1/local/fuzz/google-ai-studio/v1beta/models/gemini-2.5-flash:generateContent?key=k', '{"contents":[]}'),
    call(
      '/v1/local/fuzz/aws-bedrock/bedrock-runtime/us-east-1/model/amazon.nova-micro-v1:0/converse',
      '{"messages":[]}',
    ),
    call('/v1/local/fuzz/azure-openai/resource/deployment/chat/completions?api-version=2024-10-21', CHAT),
    call('/v1/local/fuzz/workers-ai/@cf/meta/llama-3.1-8b-instruct', '{"prompt":"a"}'),
    call('/v1/local/fuzz/fal/fal-ai/flux', '{"prompt":"a"}', [
      ['x-fal-target-url', 'https://queue.fal.run/fal-ai/flux'],
    ]),
    call('/v1/local/fuzz/sandbox/v1/chat/completions', CHAT),
    call('/v1/local/fuzz/openai/models', null),
    call('/v1/local/fuzz', JSON.stringify(steps)),
    call('/v1/local/fuzz', JSON.stringify(steps[0])),
    call('/ai-gateway/universal/run/fuzz', JSON.stringify(steps)),
    manage('GET', `${LOGS}?page=1&per_page=20&order_by=cost&order_by_direction=asc&search=a&meta_info=true&${DOTTED}`),
    manage('GET', `${LOGS}?filters=${encodeURIComponent(JSON.stringify(FILTERS))}`),
    manage('GET', `${LOGS}?start_date=2026-01-01T00:00:00Z&min_cost=0&max_tokens=9&cached=true&direction=desc`),
    manage('DELETE', `${LOGS}?limit=3&filters=${encodeURIComponent(JSON.stringify(FILTERS.slice(1, 2)))}`),
    ...OPERATIONS.map(([method, target, body]) => manage(method, target, body)),
    { method: 'GET', target: '/healthz', headers: [], body: null },
    { method: 'GET', target: '/metrics', headers: [], body: null },
    { method: 'OPTIONS', target: '/v1/local/fuzz/openai/x', headers: [['origin', 'https://a.example']], body: null },
  ];
}
