import { beforeEach, describe, expect, test } from 'bun:test';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';
import { logRecord, usageOf } from '../stores/contract/index.ts';
import type { LogBodies, LogRecord } from '../stores/log-ports.ts';

let fixture: ApiFixture;
let gatewayKey: string;
beforeEach(async () => {
  fixture = await apiFixture();
  gatewayKey = (await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } })).result.internal_id;
});

let made = 0;
const START = Date.UTC(2029, 5, 1);
async function log(fields: Partial<LogRecord> = {}, bodies: LogBodies | null = null): Promise<LogRecord> {
  made++;
  const record = logRecord({
    gatewayKey,
    accountId: 'acme',
    createdAtMs: START + made,
    eventId: `event-${made}`,
    ...fields,
  });
  await fixture.logs.append(record, bodies, null);
  return record;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const params = { gateway_id: 'g' };
const list = (query = '', token?: string) =>
  fixture.call('logs.list', { params, query, ...(token === undefined ? {} : { token }) });
const found = async (query: string) => {
  const { status, result, text } = await list(query);
  expect([status, status === 200 ? '' : text]).toEqual([200, '']);
  return result.map((row: { event_id: string }) => row.event_id);
};

describe('a log row on the wire', () => {
  test('has every field, money in dollars, metadata as JSON text', async () => {
    const record = await log({
      costPico: 1_234_567_890_123n,
      customCost: true,
      durationMs: 250,
      latencyMs: 40,
      stages: { plan: 1 },
      tokensIn: 3,
      tokensOut: 4,
      usage: usageOf({ input: 3, output: 4, total: 7, reasoning: 2, cacheRead: 1 }),
      usageSource: 'relayed',
      metadata: { team: 'a', n: 1, on: true },
      userAgent: 'curl/8',
      dlpAction: 'FLAG',
      error: { code: 2005, message: 'Failed' },
      outcome: 'truncated',
      statusCode: 502,
      feedback: -1,
      score: 80,
      streamed: true,
      finishReason: 'stop',
      payloadDropped: true,
    });
    expect((await list()).result).toEqual([
      {
        id: record.id,
        event_id: record.eventId,
        created_at: new Date(record.createdAtMs).toISOString(),
        provider: 'openai',
        model: 'gpt-5-mini',
        model_type: 'chat',
        path: 'chat/completions',
        request_type: 'native',
        request_content_type: 'application/json',
        response_content_type: 'application/json',
        status_code: 502,
        success: false,
        outcome: 'truncated',
        error: { code: 2005, message: 'Failed' },
        cached: false,
        step: 0,
        streamed: true,
        finish_reason: 'stop',
        duration: 250,
        timings: { total: 250, latency: 40, stages: { plan: 1 } },
        tokens_in: 3,
        tokens_out: 4,
        usage_metadata: {
          input_tokens: 3,
          output_tokens: 4,
          total_tokens: 7,
          output_reasoning_tokens: 2,
          input_cached_tokens: 1,
        },
        service_tier: null,
        usage_source: 'relayed',
        estimated: true,
        cost: 1.234567890123,
        saved_cost: null,
        custom_cost: true,
        zdr: null,
        metadata: '{"team":"a","n":1,"on":true}',
        authentication: true,
        wholesale: false,
        byok: true,
        compatibilityMode: false,
        feedback: -1,
        score: 80,
        user_agent: 'curl/8',
        dlp_action: 'FLAG',
        request_size: 512,
        response_size: 2048,
        payload_dropped: true,
        limits_observed: null,
      },
    ]);
  });

  test('what is not known is null, one pico-dollar is shown', async () => {
    await log({ costPico: 1n });
    const [row] = (await list()).result;
    expect(row.cost).toBe(1e-12);
    expect(row).toMatchObject({
      tokens_in: null,
      tokens_out: null,
      usage_metadata: null,
      metadata: null,
      feedback: null,
    });
  });
});

describe('log filters', () => {
  beforeEach(async () => {
    made = 0;
    await log({ provider: 'openai', model: 'gpt-5', tokensIn: 10, tokensOut: 1, costPico: 100_000_000_000n });
    await log({ provider: 'anthropic', model: 'claude', cached: true, tokensIn: 20, tokensOut: 2, durationMs: 900 });
    await log({ provider: 'groq', outcome: 'error', statusCode: 500, feedback: 1, metadata: { user: 'u1', tier: 3 } });
  });

  const dotted = (key: string, operator: string, ...values: string[]) =>
    `filters.key=${key}&filters.operator=${operator}${values.map((value) => `&filters.value=${value}`).join('')}`;
  const json = (key: string, operator: string, ...value: unknown[]) =>
    `filters=${encodeURIComponent(JSON.stringify([{ key, operator, value }]))}`;

  const CASES: [string, string, string[]][] = [
    ['text eq, several values are alternatives', dotted('provider', 'eq', 'openai', 'groq'), ['event-3', 'event-1']],
    ['the same as JSON', json('provider', 'eq', 'openai', 'groq'), ['event-3', 'event-1']],
    ['neq', dotted('provider', 'neq', 'openai'), ['event-3', 'event-2']],
    ['contains', dotted('model', 'contains', 'GPT-5'), ['event-3', 'event-1']],
    ['a boolean in text', dotted('cached', 'eq', 'true'), ['event-2']],
    ['a boolean in JSON', json('success', 'eq', false), ['event-3']],
    ['a number in text', dotted('tokens_in', 'gt', '10'), ['event-2']],
    ['tokens are input and output together', json('tokens', 'gt', 11), ['event-2']],
    ['dollars', json('cost', 'eq', 0.1), ['event-1']],
    ['an empty value is null', dotted('feedback', 'eq', ''), ['event-2', 'event-1']],
    ['null in JSON', json('feedback', 'neq', null), ['event-3']],
    ['time', dotted('created_at', 'lt', new Date(START + 2).toISOString()), ['event-1']],
    ['metadata keys and values are looked at apart', dotted('metadata.key', 'eq', 'user'), ['event-3']],
    ['a metadata number by its text', dotted('metadata.value', 'eq', '3'), ['event-3']],
    ['status', json('status_code', 'gt', 499), ['event-3']],
    ['outcome', dotted('outcome', 'eq', 'error'), ['event-3']],
    [
      'several filters must all hold',
      `${dotted('cached', 'eq', 'false')}&${dotted('tokens_in', 'gt', '1')}`,
      ['event-1'],
    ],
    ['search', 'search=u1', ['event-3']],
    ['order', 'order_by=provider&order_by_direction=asc', ['event-2', 'event-3', 'event-1']],
    ['old: cached', 'cached=true', ['event-2']],
    ['old: success', 'success=true', ['event-2', 'event-1']],
    ['old: provider and model', 'provider=openai&model=gpt-5', ['event-1']],
    ['old: direction', 'direction=asc', ['event-1', 'event-2', 'event-3']],
    ['old: feedback', 'feedback=1', ['event-3']],
    ['old: feedback 0 is none', 'feedback=0', ['event-2', 'event-1']],
    ['old: bounds are inclusive', 'min_tokens_in=10&max_tokens_in=10', ['event-1']],
    ['old: cost bounds are inclusive', 'min_cost=0.1&max_cost=0.1', ['event-1']],
    ['old: duration', 'min_duration=900&max_duration=900', ['event-2']],
    ['old: total tokens', 'min_total_tokens=22&max_total_tokens=22', ['event-2']],
    [
      'old: dates are inclusive',
      `start_date=${new Date(START + 2).toISOString()}&end_date=${new Date(START + 2).toISOString()}`,
      ['event-2'],
    ],
  ];
  for (const [name, query, events] of CASES) {
    test(name, async () => expect(await found(`?${query}`)).toEqual(events));
  }

  const REFUSED: [string, (string | number)[]][] = [
    [dotted('colour', 'eq', 'red'), ['query', 'filters', 0, 'key']],
    [dotted('model', 'like', 'x'), ['query', 'filters', 0, 'operator']],
    [dotted('model', 'lt', 'x'), ['query', 'filters', 0, 'operator']],
    [dotted('tokens_in', 'eq', 'many'), ['query', 'filters', 0, 'value', 0]],
    [dotted('tokens_in', 'gt', ''), ['query', 'filters', 0, 'value', 0]],
    [dotted('created_at', 'gt', 'yesterday'), ['query', 'filters', 0, 'value', 0]],
    [dotted('cached', 'eq', 'maybe'), ['query', 'filters', 0, 'value', 0]],
    ['filters.operator=eq', ['query', 'filters', 0, 'key']],
    ['filters=[', ['query', 'filters']],
    ['filters={}', ['query', 'filters']],
    ['filters=[1]', ['query', 'filters', 0]],
    ['order_by=colour', ['query', 'order_by']],
    ['order_by_direction=up', ['query', 'order_by_direction']],
    ['per_page=51', ['query', 'per_page']],
    ['per_page=0', ['query', 'per_page']],
    ['page=0', ['query', 'page']],
    ['meta_info=1', ['query', 'meta_info']],
    ['min_cost=x', ['query', 'min_cost']],
    ['start_date=x', ['query', 'start_date']],
    ['page=1&page=2', ['query', 'page']],
  ];
  for (const [query, path] of REFUSED) {
    test(`${query} is a 400 that says where`, async () => {
      const reply = await list(`?${query}`);
      expect([reply.status, reply.body.errors[0]?.code, reply.body.errors[0]?.path]).toEqual([400, 7001, path]);
    });
  }

  test('pages of up to 50; meta_info adds minima and maxima of all that match', async () => {
    const reply = await list('?per_page=1&page=2&meta_info=true');
    expect(reply.result).toHaveLength(1);
    expect(reply.body.result_info).toEqual({
      page: 2,
      per_page: 1,
      count: 1,
      total_count: 3,
      total_pages: 3,
      min_cost: 0.1,
      max_cost: 0.1,
      min_duration: 100,
      max_duration: 900,
      min_tokens_in: 10,
      max_tokens_in: 20,
      min_tokens_out: 1,
      max_tokens_out: 2,
      min_total_tokens: 11,
      max_total_tokens: 22,
    });
    expect(await found('?page=4&per_page=1')).toEqual([]);
    expect(await found('?per_page=50')).toHaveLength(3);
  });

  test('delete takes filters, an order and a limit, and answers with success alone', async () => {
    const remove = (query: string) => fixture.call('logs.delete', { params, query });
    expect(JSON.parse((await remove(`?${dotted('provider', 'eq', 'groq')}`)).text)).toEqual({ success: true });
    expect(await found('')).toEqual(['event-2', 'event-1']);
    await remove('?limit=1&order_by=tokens_in&order_by_direction=asc');
    expect(await found('')).toEqual(['event-2']);
    expect((await remove('?limit=0')).status).toBe(400);
    await remove('');
    expect(await found('')).toEqual([]);
  });
});

describe('one log', () => {
  const body = { request: bytes('{"q":"ä"}'), response: bytes('{"a":1}'), responseText: null };
  const get = (id: string, token?: string) =>
    fixture.call('logs.get', { params: { ...params, id }, ...(token === undefined ? {} : { token }) });

  test('shows the heads of its bodies; of a stream the reassembled text', async () => {
    const plain = await log({}, body);
    expect((await get(plain.id)).result).toMatchObject({
      id: plain.id,
      request_head: '{"q":"ä"}',
      request_head_complete: true,
      response_head: '{"a":1}',
      response_head_complete: true,
    });
    const stream = await log(
      { streamed: true, responseContentType: 'text/event-stream' },
      { request: null, response: bytes('data: {}\n\n'), responseText: 'Hello' },
    );
    expect((await get(stream.id)).result).toMatchObject({
      request_head: null,
      request_head_complete: false,
      response_head: 'Hello',
      response_head_complete: true,
    });
  });

  test('a head ends after 4096 characters and never inside one', async () => {
    const long = await log(
      {},
      { ...body, request: bytes('é'.repeat(4097)), response: bytes(`${'x'.repeat(4095)}😀!`) },
    );
    const { result } = await get(long.id);
    expect(result.request_head).toBe('é'.repeat(4096));
    expect(result.response_head).toBe('x'.repeat(4095));
    expect([result.request_head_complete, result.response_head_complete]).toEqual([false, false]);
  });

  test('a body that is no text has no head', async () => {
    const audio = await log({ responseContentType: 'audio/mpeg' }, body);
    expect((await get(audio.id)).result).toMatchObject({ response_head: null, response_head_complete: false });
  });

  test('bodies come back byte for byte under their own type, and can not act as pages', async () => {
    const raw = new Uint8Array([0, 255, 10, 13, 34]);
    const { id } = await log({ responseContentType: 'text/html' }, { ...body, response: raw });
    const response = await fixture.api(
      new Request(`https://gateway.test/client/v4/accounts/acme/ai-gateway/gateways/g/logs/${id}/response`, {
        headers: { 'x-auth-email': 'a@b.c', 'x-auth-key': fixture.adminToken },
      }),
    );
    expect(response.headers.get('content-type')).toBe('text/html');
    expect(response.headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(raw);
    const request = await fixture.call('logs.request', { params: { ...params, id } });
    expect([request.text, request.headers.get('content-type')]).toEqual(['{"q":"ä"}', 'application/json']);
  });

  test('a body that is not kept, an unknown log and an unknown gateway are 404', async () => {
    const { id } = await log();
    for (const name of ['logs.request', 'logs.response'] as const) {
      const reply = await fixture.call(name, { params: { ...params, id } });
      expect([reply.status, reply.body.errors[0]?.code]).toEqual([404, 7002]);
    }
    for (const name of ['logs.get', 'logs.request', 'logs.response'] as const) {
      expect((await fixture.call(name, { params: { ...params, id: 'nope' } })).status).toBe(404);
      expect((await fixture.call(name, { params: { gateway_id: 'nope', id } })).status).toBe(404);
    }
    expect((await fixture.call('logs.edit', { params: { ...params, id: 'nope' }, body: {} })).status).toBe(404);
  });

  test('metadata-read lists rows but gets no byte of a body', async () => {
    const { id } = await log({}, body);
    const token = await fixture.token(['metadata-read']);
    expect((await list('', token)).result).toHaveLength(1);
    expect((await get(id, token)).result).toMatchObject({ id, request_head: null, response_head: null });
    for (const name of ['logs.request', 'logs.response'] as const) {
      expect((await fixture.call(name, { params: { ...params, id }, token })).status).toBe(403);
    }
  });

  test('an edit changes what it names; null clears; feedback 0 is none', async () => {
    const { id } = await log();
    const edit = (change: unknown) => fixture.call('logs.edit', { params: { ...params, id }, body: change });
    expect((await edit({ feedback: 1, score: 99.5, metadata: { a: 'x', b: 2, c: false } })).result).toMatchObject({
      feedback: 1,
      score: 99.5,
      metadata: '{"a":"x","b":2,"c":false}',
    });
    expect((await edit({ feedback: -1 })).result).toMatchObject({ feedback: -1, score: 99.5 });
    expect((await edit({ feedback: 0 })).result.feedback).toBeNull();
    expect((await edit({ score: null, metadata: null })).result).toMatchObject({ score: null, metadata: null });
    const six = { 'cf.user_id': 'me', a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 };
    expect((await edit({ metadata: six })).result.metadata).toBe('{"a":1,"b":2,"c":3,"d":4,"e":5}');
    for (const [change, path] of [
      [{ feedback: 2 }, ['body', 'feedback']],
      [{ feedback: 0.5 }, ['body', 'feedback']],
      [{ score: 'x' }, ['body', 'score']],
      [{ metadata: { a: null } }, ['body', 'metadata', 'a']],
      [{ metadata: { a: {} } }, ['body', 'metadata', 'a']],
      [{ metadata: [] }, ['body', 'metadata']],
    ] as const) {
      const reply = await edit(change);
      expect([reply.status, reply.body.errors[0]?.path]).toEqual([400, [...path]]);
    }
  });

  test('deleting a gateway drops its logs in the background', async () => {
    const { id } = await log();
    await fixture.call('gateways.delete', { params: { id: 'g' } });
    while ((await fixture.control.removedGateways()).length > 0);
    expect(await fixture.logs.get(gatewayKey, id)).toBeNull();
  });

  test('logs that could not be dropped are dropped after the next start', async () => {
    const { id } = await log();
    const { dropGateway } = fixture.logs;
    fixture.logs.dropGateway = () => Promise.reject(new Error('disk full'));
    await fixture.call('gateways.delete', { params: { id: 'g' } });
    while (fixture.reported.length === 0) await fixture.control.removedGateways();
    expect(await fixture.control.removedGateways()).toEqual([gatewayKey]);
    fixture.logs.dropGateway = dropGateway;
    fixture.restart();
    while ((await fixture.control.removedGateways()).length > 0);
    expect(await fixture.logs.get(gatewayKey, id)).toBeNull();
  });
});
