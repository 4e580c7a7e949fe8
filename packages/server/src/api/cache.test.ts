import { beforeEach, describe, expect, test } from 'bun:test';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';
import type { CachedAnswer } from '../stores/cache-ports.ts';
import { cachedAnswer, keyOf } from '../stores/contract/answer-cache.ts';

let fixture: ApiFixture;
let keys: Record<string, string>;
beforeEach(async () => {
  fixture = await apiFixture();
  keys = {};
  for (const id of ['g', 'h']) {
    keys[id] = (await fixture.call('gateways.create', { body: { ...MINIMAL_GATEWAY, id } })).result.internal_id;
  }
});

/** Puts answers of gateway `g` unless said otherwise, named by their place in the alphabet. */
function put(...answers: Partial<CachedAnswer>[]): void {
  const expiresAtMs = fixture.clock.nowMs() + 1000;
  answers.forEach((fields, n) => {
    fixture.cache.put(
      keyOf(nameOf(n)),
      cachedAnswer({ gatewayKey: keys.g ?? '', accountId: 'acme', expiresAtMs, ...fields }),
    );
  });
}

const nameOf = (n: number) => String.fromCharCode(97 + n);

/** The names of those that are left. */
const left = () =>
  Array.from({ length: 8 }, (_, n) => nameOf(n))
    .filter((name) => fixture.cache.get(keyOf(name), fixture.clock.nowMs()) !== null)
    .join('');

const purge = (query: string, gateway_id = 'g') => fixture.call('cache.purge', { params: { gateway_id }, query });

const CASES: [query: string, purged: number, left: string][] = [
  ['', 5, 'f'],
  ['?provider=openai', 2, 'cdef'],
  ['?model=claude', 2, 'abef'],
  ['?key=mine', 1, 'abcdf'],
  ['?provider=google', 1, 'abcdf'],
  ['?provider=google-ai-studio', 1, 'abcdf'],
  ['?provider=anthropic&model=claude', 2, 'abef'],
  ['?provider=openai&model=claude', 0, 'abcdef'],
  ['?key=other', 0, 'abcdef'],
  ['?key=mi%6Ee', 1, 'abcdf'],
];
describe('purging a gateway', () => {
  test.each(CASES)('by "%s" removes %d', async (query, purged, names) => {
    put(
      {},
      { model: 'gpt-5' },
      { provider: 'anthropic', model: 'claude' },
      { provider: 'anthropic', model: 'claude' },
      { provider: 'google-ai-studio', customKey: 'mine' },
      { gatewayKey: keys.h ?? '', customKey: 'mine' },
    );
    const reply = await purge(query);
    expect([reply.status, reply.result, left()]).toEqual([200, { purged }, names]);
  });

  test('an empty parameter is refused by its place, an unknown gateway is 404', async () => {
    const reply = await purge('?model=');
    expect([reply.status, reply.body.errors[0]?.path]).toEqual([400, ['query', 'model']]);
    expect((await purge('', 'nope')).status).toBe(404);
  });

  test('a failing cache is a 500, and reported', async () => {
    fixture.deps.cache.purge = () => Promise.reject(new Error('no disk'));
    fixture.restart();
    expect([(await purge('')).status, fixture.reported]).toEqual([500, [new Error('no disk')]]);
  });
});

describe('changes that empty the cache', () => {
  const update = (fields: object) =>
    fixture.call('gateways.update', { params: { id: 'g' }, body: { ...MINIMAL_GATEWAY, ...fields } });

  test('a gateway that is changed, where its settings say so', async () => {
    put({}, { gatewayKey: keys.h ?? '' });
    await update({ cache_invalidate_on_update: false });
    expect(left()).toBe('ab');
    await update({ cache_invalidate_on_update: true });
    expect(left()).toBe('b');
  });

  test('a change that is refused empties nothing', async () => {
    put({});
    expect((await update({ cache_ttl: -1 })).status).toBe(400);
    const stale = { 'if-match': '"old"' };
    const body = { ...MINIMAL_GATEWAY };
    expect((await fixture.call('gateways.update', { params: { id: 'g' }, body, headers: stale })).status).toBe(412);
    expect(left()).toBe('a');
  });

  test('a gateway that is deleted', async () => {
    put({}, { gatewayKey: keys.h ?? '' });
    await fixture.call('gateways.delete', { params: { id: 'g' } });
    expect(left()).toBe('b');
  });

  test('a custom provider that is changed or deleted, on all gateways of its account', async () => {
    const body = { name: 'Mine', slug: 'mine', base_url: 'https://mine.example' };
    const { id } = (await fixture.call('customProviders.create', { body })).result;
    const answers = [
      { provider: 'custom-mine' },
      { provider: 'custom-mine', gatewayKey: keys.h ?? '' },
      { provider: 'custom-mine', accountId: 'other' },
      { provider: 'mine' },
    ];
    put(...answers);
    await fixture.call('customProviders.edit', { params: { id }, body: { slug: 'renamed' } });
    expect(left()).toBe('cd');
    put(...answers, { provider: 'custom-renamed' });
    await fixture.call('customProviders.delete', { params: { id } });
    expect(left()).toBe('abcd');
  });
});
