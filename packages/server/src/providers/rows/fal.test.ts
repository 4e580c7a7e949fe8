import { describe, expect, test } from 'bun:test';
import { problemOf, targetOf } from '../testing.ts';

const through = (url: string, baseUrl?: string) => ({
  headers: { 'x-fal-target-url': url },
  ...(baseUrl === undefined ? {} : { baseUrl }),
});

describe('x-fal-target-url names the whole URL', () => {
  test('the queue, with its query; the header stays behind and egress checks the host', () => {
    expect(targetOf('fal', through('https://queue.fal.run/fal-ai/flux/dev?fal_webhook=x'))).toEqual({
      url: 'https://queue.fal.run/fal-ai/flux/dev?fal_webhook=x',
      path: 'fal-ai/flux/dev',
      model: 'fal-ai/flux/dev',
      headers: { 'x-fal-target-url': null },
      userGiven: true,
    });
  });

  test('storage is no model', () => {
    const url = 'https://rest.alpha.fal.ai/storage/upload/initiate';
    expect(targetOf('fal', through(url))).toMatchObject({ url, model: null });
  });

  for (const url of [
    'https://fal.run/a',
    'https://fal.ai/a',
    'https://v3.fal.media/files/a',
    'https://FAL.run:443/a',
  ]) {
    test(`${url} is taken`, () => {
      expect(problemOf('fal', through(url))).toBeNull();
    });
  }

  test('on a replaced base its path and query are appended, and the host is the operator’s', () => {
    const target = targetOf('fal', through('https://queue.fal.run/fal-ai/flux?a=1', 'http://127.0.0.1:9/fal'));
    expect(target.url).toBe('http://127.0.0.1:9/fal/fal-ai/flux?a=1');
    expect(target.userGiven).toBeUndefined();
  });

  test('an empty header is none', () => {
    expect(targetOf('fal/fal-ai/flux', through('')).url).toBe('https://fal.run/fal-ai/flux');
  });
});

describe('x-fal-target-url reaches fal alone', () => {
  const REFUSED = [
    'http://queue.fal.run/x',
    'https://evil.com/fal.run',
    'https://fal.run.evil.com/x',
    'https://evilfal.run/x',
    'https://fal.media/x',
    'https://fal.run@evil.com/x',
    'https://user:pass@fal.run/x',
    'https://fal.run:8443/x',
    'https://fal.run./x',
    'https://evil.com\\@fal.run/x',
    'https://169.254.169.254/x',
    'https://fal.run/a/..%2f..%2fadmin',
    '//fal.run/x',
    'queue.fal.run/x',
    'not a url',
  ];
  for (const url of REFUSED) {
    test(url, () => {
      expect(problemOf('fal', through(url))).not.toBeNull();
      expect(problemOf('fal', through(url, 'http://127.0.0.1:9'))).not.toBeNull();
    });
  }
});
