/** The official `cloudflare` package against a listening management API: gateways, logs, urls and tokens. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Cloudflare from 'cloudflare';
import { logRecord } from '../../packages/server/src/stores/contract/index.ts';
import { all, failure, type SdkFixture, sdkFixture } from '../support/cloudflare-sdk.ts';
import { MINIMAL_GATEWAY } from '../support/management-api.ts';

const account_id = 'acme';
let fixture: SdkFixture;
let client: Cloudflare;

beforeAll(async () => {
  fixture = await sdkFixture();
  client = fixture.client;
});
afterAll(() => fixture.stop());

const COMPLETE: Omit<Cloudflare.AIGateway.AIGatewayCreateParams, 'id' | 'account_id'> = {
  cache_invalidate_on_update: false,
  cache_ttl: 300,
  collect_logs: true,
  rate_limiting_interval: 60,
  rate_limiting_limit: 100,
  authentication: false,
  byok_only: true,
  dlp: { enabled: true, policies: [{ id: 'p', action: 'FLAG', check: ['REQUEST'], enabled: true, profiles: ['x'] }] },
  guardrails: { prompt: { S1: 'BLOCK' }, response: { P1: 'FLAG' } },
  log_classification: true,
  log_management: 10_000,
  log_management_strategy: 'DELETE_OLDEST',
  logpush: true,
  logpush_public_key: 'x'.repeat(100),
  otel: [{ url: 'https://otel.example/', headers: { a: 'b' }, authorization: 'k', content_type: 'json' }],
  rate_limiting_technique: 'sliding',
  retry_backoff: 'exponential',
  retry_delay: 100,
  retry_max_attempts: 3,
  spend_limits: {
    enabled: true,
    rules: [{ id: 'r', enabled: true, limit: 5, limitType: 'cost', window: 60, technique: 'fixed' }],
  },
  store_id: 'store',
  stripe: { authorization: 'sk', usage_events: [{ payload: '{}' }] },
  workers_ai_billing_mode: 'unified',
  zdr: true,
};

describe('aiGateway', () => {
  test('create, get, update, list and delete round-trip every field', async () => {
    const made = await client.aiGateway.create({ account_id, id: 'full', ...COMPLETE });
    expect(made).toMatchObject({ id: 'full', is_default: false, ...COMPLETE });
    expect(await client.aiGateway.get('full', { account_id })).toEqual(made);
    const updated = await client.aiGateway.update('full', { account_id, ...COMPLETE, cache_ttl: null, zdr: false });
    expect(updated).toEqual({ ...made, cache_ttl: null, zdr: false });
    expect(await all(client.aiGateway.list({ account_id, search: 'full' }))).toEqual([updated]);
    expect(await client.aiGateway.delete('full', { account_id })).toEqual(updated);
    expect(await failure(client.aiGateway.get('full', { account_id }))).toBeInstanceOf(Cloudflare.NotFoundError);
  });

  test('the paginator walks all pages and stops after the last', async () => {
    for (const id of ['page-a', 'page-b', 'page-c'])
      await client.aiGateway.create({ account_id, id, ...MINIMAL_GATEWAY });
    const found = await all(client.aiGateway.list({ account_id, search: 'page-', per_page: 2 }));
    expect(found.map((gateway) => gateway.id)).toEqual(['page-a', 'page-b', 'page-c']);
  });

  test('a taken id is a ConflictError after one request', async () => {
    const before = fixture.requests();
    const again = client.aiGateway.create({ account_id, id: 'page-a', ...MINIMAL_GATEWAY });
    expect(await failure(again)).toBeInstanceOf(Cloudflare.ConflictError);
    expect(fixture.requests() - before).toBe(1);
  });

  test('errors arrive as the classes and codes that callers test for', async () => {
    const invalid = await client.aiGateway
      .create({ account_id, id: 'x', ...MINIMAL_GATEWAY, cache_ttl: -1 })
      .catch((error: unknown) => error);
    expect(invalid).toBeInstanceOf(Cloudflare.BadRequestError);
    expect((invalid as InstanceType<typeof Cloudflare.BadRequestError>).errors[0]).toMatchObject({ code: 7001 });
    const options = { baseURL: client.baseURL };
    const nobody = new Cloudflare({ ...options, apiToken: 'wrong' });
    expect(await failure(nobody.aiGateway.get('x', { account_id }))).toBeInstanceOf(Cloudflare.AuthenticationError);
    const reader = new Cloudflare({ ...options, apiToken: await fixture.token(['read']) });
    expect(await failure(reader.aiGateway.delete('page-a', { account_id }))).toBeInstanceOf(
      Cloudflare.PermissionDeniedError,
    );
    const byKey = new Cloudflare({ ...options, apiToken: null, apiEmail: 'a@b.c', apiKey: fixture.adminToken });
    expect((await byKey.aiGateway.get('page-a', { account_id })).id).toBe('page-a');
  });

  test('urls.get is a string', async () => {
    const url = await client.aiGateway.urls.get('openai', { account_id, gateway_id: 'page-a' });
    expect(url).toBe('https://gateway.test/v1/acme/page-a/openai');
  });
});

describe('aiGateway.logs', () => {
  const gateway_id = 'page-b';
  let ids: string[];
  beforeAll(async () => {
    const gatewayKey = fixture.control.snapshot.gateway(account_id, gateway_id)?.key ?? '';
    const records = [1, 2, 3].map((n) =>
      logRecord({
        gatewayKey,
        accountId: account_id,
        createdAtMs: Date.UTC(2029, 0, n),
        tokensIn: n,
        cached: n === 2,
        metadata: { user: `u${n}` },
        costPico: BigInt(n) * 1_000_000n,
      }),
    );
    ids = records.map((record) => record.id);
    const bytes = (text: string) => new TextEncoder().encode(text);
    for (const record of records) {
      const bodies = { request: bytes('{"prompt":"hi"}'), response: bytes('{"text":"ho"}'), responseText: null };
      await fixture.logs.append(record, bodies, null);
    }
  });

  test('list sends filters that find', async () => {
    const find = async (query: Omit<Cloudflare.AIGateway.LogListParams, 'account_id'>) =>
      (await all(client.aiGateway.logs.list(gateway_id, { account_id, ...query }))).map(
        (row) => ids.indexOf(row.id) + 1,
      );
    expect(await find({ order_by: 'created_at', order_by_direction: 'asc', per_page: 2 })).toEqual([1, 2, 3]);
    expect(await find({ filters: [{ key: 'created_at', operator: 'gt', value: ['2029-01-01T12:00:00Z'] }] })).toEqual([
      3, 2,
    ]);
    const user = { key: 'metadata.key', operator: 'eq', value: ['user'] } as const;
    const one = { key: 'metadata.value', operator: 'eq', value: ['u1', 'u3'] } as const;
    expect(
      await find({
        filters: [
          { ...user, value: ['user'] },
          { ...one, value: ['u1', 'u3'] },
        ],
      }),
    ).toEqual([3, 1]);
    expect(await find({ filters: [{ key: 'cached', operator: 'eq', value: [true] }] })).toEqual([2]);
    expect(await find({ filters: [{ key: 'feedback', operator: 'eq', value: [null] }] })).toEqual([3, 2, 1]);
    expect(await find({ cached: false, min_tokens_in: 2, search: 'u3' })).toEqual([3]);
  });

  test('meta_info adds statistics', async () => {
    const page = await client.aiGateway.logs.list(gateway_id, { account_id, meta_info: true });
    expect(page.result_info).toMatchObject({ total_count: 3, min_tokens_in: 1, max_tokens_in: 3, max_cost: 0.000003 });
  });

  test('get, edit, request, response and delete', async () => {
    const id = ids[0] ?? '';
    const one = { account_id, gateway_id };
    expect(await client.aiGateway.logs.get(id, one)).toMatchObject({
      id,
      request_head: '{"prompt":"hi"}',
      success: true,
    });
    const edited = await client.aiGateway.logs.edit(id, { ...one, feedback: 1, score: 100, metadata: { ok: true } });
    expect(edited).toMatchObject({ feedback: 1, score: 100, metadata: '{"ok":true}' });
    expect(await client.aiGateway.logs.request(id, one)).toEqual({ prompt: 'hi' });
    expect(await client.aiGateway.logs.response(id, one)).toEqual({ text: 'ho' });
    expect(
      await client.aiGateway.logs.delete(gateway_id, {
        account_id,
        filters: [{ key: 'id', operator: 'eq', value: [id] }],
      }),
    ).toEqual({ success: true });
    expect(await failure(client.aiGateway.logs.get(id, one))).toBeInstanceOf(Cloudflare.NotFoundError);
  });
});

describe('accounts.tokens', () => {
  test('create, get, list, verify, update, roll and delete', async () => {
    const policies = [
      {
        id: 'ignored',
        effect: 'allow' as const,
        permission_groups: [{ id: 'ai_gateway_run' }],
        resources: { 'com.cloudflare.api.account.acme': '*' },
      },
    ];
    const { tokens } = client.accounts;
    const made = await tokens.create({ account_id, name: 'app', policies, expires_on: '2031-01-01T00:00:00Z' });
    const id = made.id ?? '';
    expect(made).toMatchObject({ name: 'app', status: 'active', expires_on: '2031-01-01T00:00:00.000Z' });
    const mine = new Cloudflare({ baseURL: client.baseURL, apiToken: made.value ?? '' });
    expect(await mine.accounts.tokens.verify({ account_id })).toMatchObject({ id, status: 'active' });
    expect(await mine.user.tokens.verify()).toMatchObject({ id, status: 'active' });
    expect((await tokens.get(id, { account_id })).policies?.[0]?.permission_groups[0]?.id).toBe('ai_gateway_run');
    expect((await all(tokens.list({ account_id }))).map((token) => token.id)).toContain(id);
    expect(await tokens.update(id, { account_id, name: 'renamed', policies })).toMatchObject({ name: 'renamed' });
    const value = await tokens.value.update(id, { account_id });
    expect(value).not.toBe(made.value);
    expect(await failure(mine.user.tokens.verify())).toBeInstanceOf(Cloudflare.AuthenticationError);
    expect(await tokens.delete(id, { account_id })).toEqual({ id });
    expect(await all(tokens.permissionGroups.list({ account_id }))).toHaveLength(4);
  });
});
