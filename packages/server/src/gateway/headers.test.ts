import { describe, expect, test } from 'bun:test';
import { Refusal } from '@headgate/contract';
import { Fields } from '../lib/index.ts';
import { booleanHeader, clientHeaders, metadataHeader, upstreamHeaders } from './headers.ts';

describe('upstream headers', () => {
  test('hop-by-hop fields, our own, and those named by connection stay behind', () => {
    const incoming = new Headers({
      host: 'gateway',
      'content-length': '3',
      connection: 'keep-alive, X-Private',
      'x-private': '1',
      'keep-alive': 'timeout=5',
      te: 'trailers',
      'transfer-encoding': 'chunked',
      upgrade: 'h2c',
      expect: '100-continue',
      'proxy-authorization': 'Basic x',
      'cf-aig-metadata': '{}',
      'cf-aig-anything': '1',
      'cf-skip-cache': 'true',
      'cf-access-jwt-assertion': 'ey',
      authorization: 'Bearer sk',
      'x-api-key': 'ours',
      'content-type': 'application/json',
      'user-agent': 'test/1',
    });
    expect(upstreamHeaders(Fields.of(incoming).record, new Set(['x-api-key'])).record).toEqual({
      authorization: 'Bearer sk',
      'content-type': 'application/json',
      'user-agent': 'test/1',
    });
  });

  test('a client that does not name itself is named headgate, not the runtime', () => {
    expect(upstreamHeaders({}, new Set()).get('user-agent')).toBe('headgate');
  });
});

test("client headers are the provider's, without hop-by-hop ones; repeated cookies stay apart", () => {
  const sent = new Headers([
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['content-encoding', 'gzip'],
    ['content-length', '10'],
    ['transfer-encoding', 'chunked'],
    ['connection', 'close'],
    ['x-request-id', 'r'],
    ['cf-aig-log-id', 'forged'],
  ]);
  const provider = Fields.of(sent);
  expect(clientHeaders(provider, false)).toEqual({ 'content-encoding': 'gzip', 'x-request-id': 'r' });
  expect(clientHeaders(provider, true)['content-length']).toBe('10');
  expect(provider.cookies).toEqual(['a=1', 'b=2']);
});

describe('metadata', () => {
  const read = (text: string) => metadataHeader(new Headers({ 'cf-aig-metadata': text }));
  test('the first five scalar entries are kept', () => {
    expect(read('{"a":1,"b":"x","c":true,"d":2,"e":3,"f":4}')).toEqual({ a: 1, b: 'x', c: true, d: 2, e: 3 });
  });
  test('names that begin with cf. are dropped and do not count', () => {
    expect(read('{"cf.user_id":"u","a":1,"b":2,"c":3,"d":4,"e":5}')).toEqual({ a: 1, b: 2, c: 3, d: 4, e: 5 });
  });
  test.each(['{"a":1,"b":null}', '{"a":{"b":1}}', '{"a":[1]}', '[1]', '"x"', 'nonsense', '{}'])(
    '%s gives none',
    (text) => {
      expect(read(text)).toBeNull();
    },
  );
  test('a name like __proto__ is data', () => {
    expect(Object.keys(read('{"__proto__":"x"}') ?? {})).toEqual(['__proto__']);
  });
});

test.each([
  ['true', true],
  ['TRUE', true],
  ['1', true],
  ['false', false],
  ['0', false],
])('a boolean header %s is %p', (value, expected) => {
  expect(booleanHeader(new Headers({ 'cf-aig-collect-log': value }), 'cf-aig-collect-log')).toBe(expected);
});

test('a boolean header that is neither is refused by name', () => {
  const read = () => booleanHeader(new Headers({ 'cf-aig-collect-log': 'maybe' }), 'cf-aig-collect-log');
  expect(read).toThrow(Refusal);
  expect(read).toThrow('cf-aig-collect-log must be true or false');
});
