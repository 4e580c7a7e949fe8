import { describe, expect, test } from 'bun:test';
import { type Client, type ClientOptions, createClient } from './index.ts';

const done = () => Response.json({ success: true, result: { id: 'x' } });
const status =
  (code: number, headers: Record<string, string> = {}) =>
  () =>
    new Response('{}', { status: code, headers });
const broken = () => {
  throw new TypeError('connection reset');
};

/** A client that gets these answers in turn, the last one again and again. Waiting takes no time and is recorded. */
function answering(answers: (() => Response | Promise<Response>)[], options: Partial<ClientOptions> = {}) {
  let sent = 0;
  const waits: number[] = [];
  const client = createClient({
    baseUrl: '',
    random: () => 0,
    sleep: async (ms) => void waits.push(ms),
    fetch: async () => (answers[Math.min(sent++, answers.length - 1)] ?? broken)(),
    ...options,
  });
  return { client, waits, sent: () => sent };
}

const read = (client: Client) => client.safe.gateways.get({ id: 'g' });
const create = (client: Client) => client.safe.secretStores.create({ body: { name: 's' } });
const replace = (client: Client) => client.safe.secretStores.delete({ store_id: 's' });
const deleteSome = (client: Client) => client.safe.logs.delete({ gateway_id: 'g', limit: 10 });
const deleteAll = (client: Client) => client.safe.logs.delete({ gateway_id: 'g' });

describe('what is sent again', () => {
  test.each([
    ['a read after a broken connection', read, broken, 3],
    ['a read after 500', read, status(500), 3],
    ['a read after 502', read, status(502), 3],
    ['a read after 429', read, status(429), 3],
    ['a deletion after 500', replace, status(500), 3],
    ['a deletion of all matches after 500', deleteAll, status(500), 3],
    ['a deletion of some matches after 500', deleteSome, status(500), 1],
    ['a deletion of some matches after 503', deleteSome, status(503), 3],
    ['a creation after 429', create, status(429), 3],
    ['a creation after 503', create, status(503), 3],
    ['a creation after 500: it may have been made', create, status(500), 1],
    ['a creation after 504: it may have been made', create, status(504), 1],
    ['a creation after a broken connection: it may have been made', create, broken, 1],
    ['a read after 400', read, status(400), 1],
    ['a read after 404', read, status(404), 1],
    ['a read after 409', read, status(409), 1],
    ['a read that must not be, by x-should-retry', read, status(503, { 'x-should-retry': 'false' }), 1],
    ['a read that must wait longer than a minute', read, status(429, { 'retry-after': '61' }), 1],
    ['an answer that makes no sense', read, () => new Response('<html>'), 1],
  ] as const)('%s', async (_, call, answer, tries) => {
    const { client, sent } = answering([answer]);
    expect(await call(client)).toMatchObject({ ok: false });
    expect(sent()).toBe(tries);
  });

  test('the first success ends it', async () => {
    const { client, sent } = answering([broken, status(503), done]);
    expect(await read(client)).toMatchObject({ ok: true, value: { id: 'x' } });
    expect(sent()).toBe(3);
  });

  test('`retries` bounds it', async () => {
    for (const retries of [0, 1, 5]) {
      const { client, sent } = answering([broken], { retries });
      expect(await read(client)).toMatchObject({ ok: false, error: { kind: 'network', status: null, code: null } });
      expect(sent()).toBe(retries + 1);
    }
  });
});

describe('waiting', () => {
  test.each([
    ['doubles from half a second to eight, the jitter at its least', 0, [250, 500, 1000, 2000, 4000, 4000]],
    ['and at its most', 1, [500, 1000, 2000, 4000, 8000, 8000]],
  ])('%s', async (_, jitter, expected) => {
    const { client, waits } = answering([broken], { retries: 6, random: () => jitter });
    await read(client);
    expect(waits).toEqual(expected);
  });

  test.each([
    ['2', 2000],
    ['0', 0],
    ['0.5', 500],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ['soon', 250],
    ['', 250],
  ])('Retry-After: %p', async (text, expected) => {
    const { client, waits } = answering([status(429, { 'retry-after': text }), done]);
    await read(client);
    expect(waits).toEqual([expected]);
  });
});

describe('ending', () => {
  const hanging = (_url: string, init: RequestInit) =>
    new Promise<Response>((_, reject) => {
      init.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true });
    });

  test("the caller's signal ends a call that waits for its answer", async () => {
    const abort = new AbortController();
    const client = createClient({ baseUrl: '', fetch: hanging });
    const call = client.safe.gateways.get({ id: 'g' }, { signal: abort.signal });
    abort.abort(new Error('enough'));
    expect(await call).toMatchObject({ ok: false, error: { kind: 'aborted', cause: { message: 'enough' } } });
  });

  test("the caller's signal ends the wait before a retry", async () => {
    const abort = new AbortController();
    let sent = 0;
    const client = createClient({
      baseUrl: '',
      fetch: async () => {
        sent += 1;
        setImmediate(() => abort.abort());
        return status(503, { 'retry-after': '60' })();
      },
    });
    expect(await client.safe.gateways.get({ id: 'g' }, { signal: abort.signal })).toMatchObject({
      ok: false,
      error: { kind: 'aborted' },
    });
    expect(sent).toBe(1);
  });

  test('a signal that is aborted already lets nothing be sent twice', async () => {
    const client = createClient({ baseUrl: '', fetch: async (url, init) => fetch(`http://127.0.0.1:1${url}`, init) });
    const result = await client.safe.gateways.get({ id: 'g' }, { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ ok: false, error: { kind: 'aborted' } });
  });

  test('a try ends after `timeoutMs`, also while its body is read', async () => {
    const bodyThatEndsWithTheSignal = async (_url: string, init: RequestInit) => {
      const body = new ReadableStream({
        start: (controller) => init.signal?.addEventListener('abort', () => controller.error(init.signal?.reason)),
      });
      return new Response(body);
    };
    for (const send of [hanging, bodyThatEndsWithTheSignal]) {
      const client = createClient({ baseUrl: '', fetch: send, timeoutMs: 1, retries: 1, sleep: async () => undefined });
      expect(await client.safe.gateways.list()).toMatchObject({ ok: false, error: { kind: 'timeout' } });
    }
  });
});
