import { describe, expect, test } from 'bun:test';
import type { ControlSnapshot, TokenIdentity } from '../stores/snapshot-ports.ts';
import { Fields } from '../lib/index.ts';
import { findCredentials as find, maskedTarget, OwnTokens } from './credentials.ts';

const OURS = 'hg_our-own-token';
const identity: TokenIdentity = {
  id: 't1',
  name: 'test',
  accountId: 'local',
  permissions: new Set(['run']),
  gateways: null,
};
const control = { token: (value: string) => (value === OURS ? identity : null) } as ControlSnapshot;
const ownTokens = new OwnTokens([OURS]);
const findCredentials = (headers: Headers, query: string, deps: typeof control) =>
  find(Fields.of(headers).record, query, { control: deps, ownTokens });
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('our token is found and dropped wherever a client puts it', () => {
  const places: [name: string, value: string][] = [
    ['cf-aig-authorization', `Bearer ${OURS}`],
    ['cf-aig-authorization', OURS],
    ['authorization', `Bearer ${OURS}`],
    ['authorization', `bearer   ${OURS}`],
    ['authorization', `Token ${OURS}`],
    ['authorization', `Key ${OURS}`],
    ['authorization', `Api-Key ${OURS}`],
    ['authorization', basic(`user:${OURS}`)],
    ['authorization', basic(`${OURS}:`)],
    ['x-api-key', OURS],
    ['x-goog-api-key', OURS],
    ['api-key', OURS],
    ['xi-api-key', OURS],
  ];
  test.each(places)('%s: %s', (name, value) => {
    const found = findCredentials(new Headers({ [name]: value }), '', control);
    expect(found.identity).toBe(identity);
    expect([...found.drop]).toEqual([name]);
  });

  test.each(['key', 'api_key', 'access_token', 'token'])('query parameter %s', (name) => {
    const found = findCredentials(new Headers(), `?alt=sse&${name}=${OURS}&x=%20`, control);
    expect(found.identity).toBe(identity);
    expect(found.query).toBe('?alt=sse&x=%20');
  });

  test('a query that held only our token is empty afterwards', () => {
    expect(findCredentials(new Headers(), `?key=${OURS}`, control).query).toBe('');
  });

  test('it is dropped from every place at once', () => {
    const headers = new Headers({
      authorization: `Bearer ${OURS}`,
      'x-api-key': OURS,
      'x-goog-api-key': 'AIza-theirs',
    });
    expect([...findCredentials(headers, '', control).drop].sort()).toEqual(['authorization', 'x-api-key']);
  });
});

describe("a provider's own credential stays", () => {
  test.each([
    ['authorization', 'Bearer sk-theirs'],
    ['authorization', basic('user:theirs')],
    ['authorization', 'AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/bedrock/aws4_request, Signature=ab'],
    ['x-api-key', 'sk-ant-theirs'],
  ])('%s: %s', (name, value) => {
    const found = findCredentials(new Headers({ [name]: value }), '?key=AIza-theirs', control);
    expect(found.identity).toBeNull();
    expect(found.drop.size).toBe(0);
    expect(found.query).toBe('?key=AIza-theirs');
  });
});

describe('placeholders and empty values count as absent', () => {
  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer undefined',
    'unused',
    'Bearer unused',
    'CF_TEMP_TOKEN',
    'Bearer CF_TEMP_TOKEN',
  ])('authorization: "%s"', (value) => {
    expect([...findCredentials(new Headers({ authorization: value }), '', control).drop]).toEqual(['authorization']);
  });
});

describe('what looks like our token stays here, wherever it stands and whether it is valid or not', () => {
  const shaped = `hg_${'aB3'.repeat(13)}x`;
  test.each([
    ['authorization', `Bearer sk-theirs, Bearer ${shaped}`],
    ['authorization', `Bearer Bearer ${shaped}`],
    ['authorization', `{"key":"${shaped}"}`],
    ['sec-websocket-protocol', `cf-aig-authorization.${shaped}`],
    ['x-any-header', shaped],
    ['cookie', `a=1; session=${shaped}`],
    ['referer', `https://x.example/?t=${shaped}`],
    ['x-any-header', `"${OURS}"`],
  ])('%s: %s', (name, value) => {
    expect([...findCredentials(new Headers({ [name]: value }), '', control).drop]).toEqual([name]);
  });
  test.each(['any', 'KEY', '%6bey', 'authorization'])('query parameter %s', (name) => {
    expect(findCredentials(new Headers(), `?${name}=Bearer%20${shaped}&x=1`, control).query).toBe('?x=1');
    expect(maskedTarget('p', `?${name}=Bearer%20${shaped}&x=1`, ownTokens)).toBe(`p?${name}=[masked]&x=1`);
  });
  test('a valid one authenticates from there', () => {
    expect(
      findCredentials(new Headers({ 'sec-websocket-protocol': `cf-aig-authorization.${OURS}` }), '', control).identity,
    ).toBe(identity);
  });
  test('in a path it is masked', () => {
    expect(maskedTarget(`models/${shaped}`, '', ownTokens)).toBe('[masked]');
    expect(maskedTarget(`models/%68${shaped.slice(1)}`, '', ownTokens)).toBe('[masked]');
  });
});

test('keys in a query are masked for the log', () => {
  expect(maskedTarget('p', '?alt=sse&key=AIza&Api_Key=x&api-key=y', ownTokens)).toBe(
    'p?alt=sse&key=[masked]&Api_Key=[masked]&api-key=[masked]',
  );
  expect(maskedTarget('p', '?monkey=1&keys=2', ownTokens)).toBe('p?monkey=1&keys=2');
});
