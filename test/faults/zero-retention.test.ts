import { afterEach, describe, expect, test } from 'bun:test';
import { PROVIDERS } from '../../packages/server/src/providers/index.ts';
import { scripted, usageEvent, SSE_HEAD, chunk } from '../support/scripted.ts';
import { startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** `zdr`: the provider's own switch where it has one; the row says whether. */

let walk: Walk;
const begin = async (options: WalkOptions = {}) => {
  walk = await startWalk(options);
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

const BODY = '{"model":"m", "seed":1.0, "store":true}';
const ask = async (path: string, headers: Record<string, string> = {}, body: string | null = BODY) => {
  const response = await fetch(`${walk.base}/${path}`, { method: body === null ? 'GET' : 'POST', body, headers });
  await response.arrayBuffer();
  const { record, bodies } = await walk.nextRow();
  const sent = Buffer.from(walk.requests.at(-1)?.body ?? []).toString();
  return {
    sent,
    zdr: record.zeroRetention,
    kept: Buffer.from(bodies?.request ?? []).toString(),
    status: response.status,
  };
};
const WANTED = { 'cf-aig-zdr': 'true' };
const NOT_STORED = '{"model":"m", "seed":1.0, "store":false}';

describe('a call that is not to be kept', () => {
  test.each<[path: string, sent: string]>([
    ['openai/chat/completions', NOT_STORED],
    ['openai/v1/responses', NOT_STORED],
    ['azure-openai/r/d/chat/completions?api-version=1', NOT_STORED],
    ['azure/r/openai/v1/responses', NOT_STORED],
    ['aws-bedrock/bedrock-mantle/us-east-1/openai/v1/responses', NOT_STORED],
    ['grok/v1/responses', NOT_STORED],
    ['fireworks/responses', NOT_STORED],
    ['google-ai-studio/v1beta/interactions', NOT_STORED],
    ['openrouter/chat/completions', `${BODY.slice(0, -1)},"provider":{"zdr":true}}`],
  ])('%s has the provider’s switch', async (path, sent) => {
    await begin();
    const call = await ask(path, WANTED);
    // What is kept is what the client sent.
    expect(call).toMatchObject({ sent, zdr: 'forwarded', kept: BODY });
  });

  test.each([
    'openai/embeddings',
    'openai/responses/resp_1/cancel',
    'grok/v1/chat/completions',
    'anthropic/v1/messages',
    'google-ai-studio/v1beta/models/gemini-2.5-pro:generateContent',
  ])('%s goes up as it is, and the row says so', async (path) => {
    await begin();
    expect(await ask(path, WANTED)).toMatchObject({ sent: BODY, zdr: 'unsupported', status: 200 });
  });

  test.each([
    ['no object', '[1]'],
    ['no JSON', 'nonsense'],
  ])('a body that is %s goes up as it is', async (_what, body) => {
    await begin();
    expect(await ask('openai/responses', WANTED, body)).toMatchObject({ sent: body, zdr: 'unsupported' });
  });

  test('without a body', async () => {
    await begin();
    expect(await ask('openai/responses', WANTED, null)).toMatchObject({ sent: '', zdr: 'unsupported' });
  });

  test('by the gateway’s setting, which a call can switch off', async () => {
    await begin({ policy: { zeroRetention: true } });
    expect(await ask('openai/responses')).toMatchObject({ sent: NOT_STORED, zdr: 'forwarded' });
    expect(await ask('openai/responses', { 'cf-aig-zdr': 'false' })).toMatchObject({ sent: BODY, zdr: null });
  });

  test('a universal step for itself', async () => {
    await begin({ upstream: scripted() });
    const step = (headers: Record<string, string>) => ({
      ...{ provider: 'openai', endpoint: 'responses', headers, query: { model: 'm' } },
    });
    expect(await ask('', {}, JSON.stringify([step(WANTED)]))).toMatchObject({
      sent: '{"model":"m","store":false}',
      zdr: 'forwarded',
    });
    expect(await ask('', {}, JSON.stringify([step({})]))).toMatchObject({ sent: '{"model":"m"}', zdr: null });
  });

  test('together with asking for a stream’s usage', async () => {
    await begin({
      policy: { asksUsage: true, zeroRetention: true },
      upstream: (_request, connection) => connection.write(SSE_HEAD + chunk(usageEvent) + chunk('')),
    });
    const { sent } = await ask('openai/chat/completions', {}, '{"stream":true}');
    expect(sent).toBe('{"stream":true,"store":false,"stream_options":{"include_usage":true}}');
  });

  test('an answer out of the cache was sent to nobody', async () => {
    await begin({ policy: { cacheTtlS: 60 } });
    expect((await ask('openai/responses', WANTED)).zdr).toBe('forwarded');
    expect((await ask('openai/responses', WANTED)).zdr).toBeNull();
    expect(walk.requests).toHaveLength(1);
  });

  test('a header that is neither true nor false is refused', async () => {
    await begin();
    expect(await ask('openai/responses', { 'cf-aig-zdr': 'maybe' })).toMatchObject({ status: 400, zdr: null });
  });
});

test('docs/providers.md names the providers that have a switch', async () => {
  await begin();
  const page = await Bun.file(new URL('../../docs/providers.md', import.meta.url)).text();
  const [, listed = ''] = page.split(/<!-- \/?zdr -->/);
  const switched = PROVIDERS.filter((row) => row.zeroRetention !== undefined).map(({ slug }) => slug);
  expect([...listed.matchAll(/^\| `([^`]+)`/gm)].map(([, slug]) => slug)).toEqual(switched);
});
