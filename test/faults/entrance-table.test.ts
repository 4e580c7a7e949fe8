import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { Glob } from 'bun';
import { PROVIDERS } from '../../packages/server/src/providers/index.ts';
import { ENTRANCES, SAMPLE_PATHS } from '../support/entrances.ts';

/** The table of entrances has all that the code has: what is added there has to be added here. */

const SOURCES = new URL('../../packages/server/src/', import.meta.url).pathname;
const source = (file: string) => readFileSync(SOURCES + file, 'utf8');

test('every built-in provider has an entrance', () => {
  expect(Object.keys(SAMPLE_PATHS).sort()).toEqual(PROVIDERS.map(({ slug }) => slug).sort());
  const asked = new Set(ENTRANCES.map(({ provider }) => provider));
  expect(PROVIDERS.filter(({ slug }) => !asked.has(slug))).toEqual([]);
});

test('every surface that rows can name is entered', () => {
  const named = new Set<string>();
  for (const file of new Glob('gateway/**/*.ts').scanSync(SOURCES)) {
    if (file.endsWith('.test.ts')) continue;
    for (const [, surface] of source(file).matchAll(/requestType(?::| =) '([\w-]+)'/g)) named.add(surface ?? '');
  }
  expect([...new Set<string>(ENTRANCES.map(({ surface }) => surface))].sort()).toEqual([...named].sort());
});

/** Faces by the addresses that `http/app.ts` and `http/binding.ts` know; `data` ones lead to providers. */
const FACES: Record<string, 'data' | 'management' | 'own'> = {
  '/v1/': 'data',
  '/ai-gateway/': 'data',
  '/client/v4/': 'management',
  '/openapi.json': 'management',
  '/docs': 'management',
  '/healthz': 'own',
  '/readyz': 'own',
  '/metrics': 'own',
  '/': 'own',
};

test('every address of the process belongs to a face, and every data-plane face is entered', () => {
  const code = source('http/app.ts') + source('http/binding.ts');
  const addresses = [...code.matchAll(/(?:startsWith\(|path === |case |_PREFIX = )'(\/[^']*)'/g)].map(
    ([, path]) => path ?? '',
  );
  expect([...new Set(addresses)].sort()).toEqual(Object.keys(FACES).sort());
  // One call of the data plane's face for each address that leads there.
  const leading = [...code.matchAll(/(?<!function )(?:gatewayFace|deps\.gateway)\((?:request|inner|new Request)/g)]
    .length;
  expect(leading).toBe(3);
  expect(ENTRANCES.some(({ name }) => name.startsWith('binding'))).toBe(true);
});

test('names are told apart', () => {
  expect(new Set(ENTRANCES.map(({ name }) => name)).size).toBe(ENTRANCES.length);
});
