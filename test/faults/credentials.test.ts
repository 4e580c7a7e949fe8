import { afterEach, describe, expect, test } from 'bun:test';
import { Secret } from '../../packages/server/src/lib/index.ts';
import { headerOf, type RawRequest } from '../support/raw-http.ts';
import { answer } from '../support/scripted.ts';
import { OK_ANSWER, startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** Whose key goes upstream, and what custom providers may reach. */

let walk: Walk;
const begin = async (options: WalkOptions) => {
  walk = await startWalk(options);
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

const post = (headers: Record<string, string> = {}, body = '{"model":"asked"}') =>
  fetch(`${walk.base}/openai/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

describe('credentials', () => {
  const stored = (alias: string, value: string, more = {}) => ({
    id: `id-of-${value}`,
    provider: 'openai',
    alias,
    isDefault: alias === 'default',
    secret: new Secret(value),
    rateLimit: null,
    rateLimitSeconds: 0,
    weight: 1,
    ...more,
  });
  const sentKey = () => headerOf(walk.requests.at(-1) as RawRequest, 'authorization');

  test('the client’s own goes before a stored one, a stored one before the operator’s', async () => {
    const operatorKeys = new Map([['openai', new Secret('operator-key')]]);
    await begin({ keys: [stored('default', 'stored-key')], operatorKeys });
    await post({ authorization: 'Bearer own-key' });
    expect(sentKey()).toBe('Bearer own-key');
    expect((await walk.nextRow()).record).toMatchObject({ byok: false, wholesale: false });
    await post({ authorization: 'Bearer undefined' });
    expect(sentKey()).toBe('Bearer stored-key');
    expect((await walk.nextRow()).record).toMatchObject({ byok: true, wholesale: false });
  });

  test('the operator’s is used where there is no other, unless that is forbidden', async () => {
    await begin({ operatorKeys: new Map([['openai', new Secret('operator-key')]]) });
    await post();
    expect(sentKey()).toBe('Bearer operator-key');
    expect((await walk.nextRow()).record).toMatchObject({ byok: false, wholesale: true });
    const refused = await post({ 'cf-aig-no-wholesale': 'true' });
    expect([refused.status, (await refused.json()).internalCode]).toEqual([400, 2040]);
    expect((await walk.nextRow()).record.outcome).toBe('refused');
  });

  test('byok_only forbids it for all calls; a header cannot allow it again', async () => {
    await begin({ policy: { ownKeysOnly: true }, operatorKeys: new Map([['openai', new Secret('operator-key')]]) });
    const refused = await post({ 'cf-aig-no-wholesale': 'false' });
    expect([refused.status, (await refused.json()).internalCode]).toEqual([400, 2040]);
    await walk.nextRow();
  });

  test('an alias picks a stored key; one that there is not is refused with those that there are', async () => {
    await begin({ keys: [stored('default', 'first-key'), stored('team', 'team-key')] });
    await post({ 'cf-aig-byok-alias': 'team' });
    expect(sentKey()).toBe('Bearer team-key');
    await walk.nextRow();
    const refused = await post({ 'cf-aig-byok-alias': 'nobody' });
    expect(refused.status).toBe(400);
    expect((await refused.json()).error).toEqual([
      {
        code: 2040,
        message: "Provider 'openai' has no BYOK credential named 'nobody'. Configured aliases: 'default', 'team'",
      },
    ]);
    await walk.nextRow();
  });

  test('a stored key whose secret is gone does not fall through', async () => {
    await begin({
      keys: [stored('default', 'x', { secret: null })],
      operatorKeys: new Map([['openai', new Secret('operator-key')]]),
    });
    const refused = await post();
    expect([refused.status, (await refused.json()).message]).toEqual([
      400,
      'Configured BYOK credentials are unavailable',
    ]);
    await walk.nextRow();
  });

  test('a stored key’s own limit: 429/2003 with the alias and Retry-After', async () => {
    await begin({ keys: [stored('default', 'x', { rateLimit: 1, rateLimitSeconds: 60 })] });
    expect((await post()).status).toBe(200);
    await walk.nextRow();
    const refused = await post();
    expect([refused.status, (await refused.json()).internalCode]).toEqual([429, 2003]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await walk.nextRow();
  });

  test('keys of one alias share the calls by weight; uses of each are counted apart', async () => {
    const used: (string | null)[] = [];
    await begin({
      keys: [
        stored('default', 'spare', { weight: 0 }),
        stored('default', 'key-a', { rateLimit: 2, rateLimitSeconds: 60 }),
      ],
      upstream: (request, connection) => {
        used.push(headerOf(request, 'authorization'));
        return connection.write(OK_ANSWER);
      },
    });
    for (let i = 0; i < 3; i++) {
      await post();
      await walk.nextRow();
    }
    expect(used).toEqual(['Bearer key-a', 'Bearer key-a', 'Bearer spare']);
  });

  test('a thousand callers at once never use a key more often than it may be', async () => {
    await begin({ keys: [stored('default', 'key-a', { rateLimit: 50, rateLimitSeconds: 60 })] });
    const statuses = await Promise.all(Array.from({ length: 1000 }, () => post().then(({ status }) => status)));
    expect([statuses.filter((status) => status === 200).length, walk.requests.length]).toEqual([50, 50]);
    for (let i = 0; i < 1000; i++) await walk.nextRow();
  });

  test('a key that the provider throttled rests while the other of its alias works', async () => {
    const used: (string | null)[] = [];
    await begin({
      keys: [stored('default', 'key-a'), stored('default', 'key-b')],
      upstream: (request, connection) => {
        used.push(headerOf(request, 'authorization'));
        return connection.write(used.length === 1 ? answer(429) : OK_ANSWER);
      },
    });
    for (let i = 0; i < 4; i++) {
      await post();
      await walk.nextRow();
    }
    const [throttled, ...others] = used;
    expect(others.every((key) => key !== throttled)).toBe(true);
  });
});

describe('custom providers', () => {
  const custom = (baseUrl: string) => [
    {
      id: 'c1',
      slug: 'mine',
      baseUrl,
      headers: { 'x-extra': 'of-the-provider', authorization: 'Bearer of-the-provider' },
    },
  ];

  test('custom-{slug} reaches its base with its headers, where its host may be called', async () => {
    await begin({});
    const { url } = walk.upstream;
    const calling = await startWalk({ custom: custom(`${url}/prefix`), mayBePrivate: () => true });
    const response = await fetch(`${calling.base}/custom-mine/v1/models?x=1`);
    expect([response.status, walk.requests[0]?.url]).toEqual([200, '/prefix/v1/models?x=1']);
    expect(headerOf(walk.requests[0] as RawRequest, 'x-extra')).toBe('of-the-provider');
    expect((await calling.nextRow()).record.provider).toBe('custom-mine');
    await calling.stop();
  });

  test.each([
    'http://127.0.0.1:1',
    'https://127.0.0.1:1',
    'https://localhost:1',
    'http://example.com',
    'https://[::1]:1',
  ])('%s is not called', async (baseUrl) => {
    await begin({ custom: custom(baseUrl) });
    const response = await fetch(`${walk.base}/custom-mine/x`);
    expect([response.status, (await response.json()).internalCode]).toEqual([502, 2005]);
    expect((await walk.nextRow()).record.error?.code).toBe('blocked');
  });

  test('an unknown or disabled one is an unknown provider', async () => {
    await begin({});
    const response = await fetch(`${walk.base}/custom-other/x`);
    expect([response.status, (await response.json()).internalCode]).toEqual([400, 2008]);
    await walk.nextRow();
  });
});
