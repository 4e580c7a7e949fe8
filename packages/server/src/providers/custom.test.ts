import { describe, expect, test } from 'bun:test';
import { customProviderRow } from './custom.ts';
import { ask } from './testing.ts';

const row = (baseUrl: string, headers: Record<string, string> = {}) =>
  customProviderRow({ slug: 'mine', baseUrl, headers });

describe('a custom provider', () => {
  test('is reached under custom-, also when its slug begins so', () => {
    expect(row('https://a.example').slug).toBe('custom-mine');
    expect(customProviderRow({ slug: 'custom-ai', baseUrl: 'https://a.example', headers: {} }).slug).toBe(
      'custom-custom-ai',
    );
  });

  const ROWS: readonly (readonly [baseUrl: string, path: string, url: string])[] = [
    ['https://a.example', 'v1/chat/completions?x=%2F', 'https://a.example/v1/chat/completions?x=%2F'],
    ['https://a.example/', '/v1/models', 'https://a.example/v1/models'],
    ['https://a.example:8443/fixed/', 'v1/models/', 'https://a.example:8443/fixed/v1/models/'],
    ['https://a.example/v1', 'v1/models', 'https://a.example/v1/v1/models'],
    ['https://a.example/{account}', 'x', 'https://a.example/%7Baccount%7D/x'],
    ['https://a.example/x?key=1#y', 'z', 'https://a.example/x/z'],
    ['http://10.0.0.1:8000', 'v1/models', 'http://10.0.0.1:8000/v1/models'],
    ['https://a.example', '', 'https://a.example'],
  ];
  for (const [baseUrl, path, url] of ROWS) {
    test(`${baseUrl} + ${path}`, () => {
      expect(ask(row(baseUrl), path)).toMatchObject({ url, userGiven: true });
    });
  }

  test('sends its own headers, names in lower case', () => {
    const target = ask(row('https://a.example', { 'X-Team': 'a', Authorization: 'Bearer k' }), 'x');
    expect(target).toMatchObject({ headers: { 'x-team': 'a', authorization: 'Bearer k' } });
  });

  test('tells the format by path', () => {
    expect(row('https://a.example').format('v1/chat/completions')).toBe('openai-chat');
    expect(row('https://a.example').format('v1/messages')).toBe('anthropic-messages');
  });

  test('refuses to climb out of a fixed prefix', () => {
    expect(ask(row('https://a.example/fixed'), '../admin')).toHaveProperty('problem');
  });
});
