import { describe, expect, test } from 'bun:test';
import type { ControlSnapshot, TokenIdentity } from '../stores/ports.ts';
import { findCredentials, maskQuery } from './credentials.ts';

const OURS = 'hg_our-own-token';
const identity: TokenIdentity = {
  id: 't1',
  name: 'test',
  accountId: 'local',
  permissions: new Set(['run']),
  gateways: null,
};
const control = { token: (value: string) => (value === OURS ? identity : null) } as ControlSnapshot;
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

test('keys in a query are masked for the log', () => {
  expect(maskQuery('?alt=sse&key=AIza&Api_Key=x')).toBe('?alt=sse&key=[masked]&Api_Key=[masked]');
  expect(maskQuery('?monkey=1')).toBe('?monkey=1');
});
