import { expect, test } from 'bun:test';
import { REQUEST_HEADERS, RESPONSE_HEADERS } from '@headgate/contract';
import { Glob } from 'bun';
import { readOptions } from './options.ts';

const SOURCES = new URL('..', import.meta.url).pathname;

/** Whole header names of ours that the server's code mentions. */
async function mentioned(): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const file of new Glob('{gateway,http}/**/*.ts').scan(SOURCES)) {
    if (file.endsWith('.test.ts')) continue;
    const text = await Bun.file(`${SOURCES}/${file}`).text();
    for (const [, quoted, member] of text.matchAll(
      /(?:['"`]?((?:cf-[a-z-]*[a-z])|(?:ratelimit[a-z-]*|server-timing|retry-after|x-content-type-options))['"])|fields\.(ratelimit)\b/g,
    )) {
      const name = quoted ?? member;
      if (name !== undefined) names.add(name);
    }
  }
  return names;
}

test('the table has every header that the code knows, and the code knows every header of the table', async () => {
  const table = [...REQUEST_HEADERS, ...RESPONSE_HEADERS].map(({ name }) => name);
  expect([...(await mentioned())].sort()).toEqual([...new Set(table)].sort());
});

test('headers marked for steps are those that options are read from', () => {
  const asked = new Set<string>();
  const source = {
    get(name: string) {
      asked.add(name);
      return null;
    },
  };
  readOptions(source, {
    accountId: 'a',
    id: 'g',
    key: 'k',
    authentication: false,
    collectLogs: true,
    retention: null,
    retry: { retries: 0, delayMs: 0, backoff: 'constant' },
    ownKeysOnly: false,
    rateLimit: null,
    spendLimits: null,
    cacheTtlS: 0,
    asksUsage: false,
    zeroRetention: false,
  });
  expect([...asked].sort()).toEqual(
    REQUEST_HEADERS.filter(({ step }) => step)
      .map(({ name }) => name)
      .sort(),
  );
});
