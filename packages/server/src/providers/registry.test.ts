import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { findProvider, PROVIDERS } from './registry.ts';

describe('every row', () => {
  for (const row of PROVIDERS) {
    describe(row.slug, () => {
      const slugs = [row.slug, ...(row.aliases ?? [])];

      test('has slugs that a URL carries as they are and that custom providers cannot take', () => {
        for (const slug of slugs) {
          expect(slug).toMatch(/^[a-z][a-z0-9-]*$/);
          expect(slug).not.toStartWith('custom-');
        }
      });

      test('is found by slug and alias', () => {
        for (const slug of slugs) expect(findProvider(slug)).toBe(row);
      });

      test('has a base over https, or none outside the process, without a slash at its end', () => {
        expect(row.baseUrl).toMatch(row.slug === 'sandbox' ? /^sandbox:$/ : /^https:\/\/[a-z0-9{]/);
        expect(row.baseUrl).not.toEndWith('/');
      });

      test('names its credential headers in lower case', () => {
        expect(row.credentialHeaders.length).toBeGreaterThan(0);
        for (const header of row.credentialHeaders) expect(header).toMatch(/^[a-z][a-z0-9-]*$/);
        expect(new Set(row.credentialHeaders).size).toBe(row.credentialHeaders.length);
      });
    });
  }
});

test('no slug or alias is taken twice, and none is a surface of the gateway', () => {
  const slugs = PROVIDERS.flatMap((row) => [row.slug, ...(row.aliases ?? [])]);
  expect(slugs.filter((slug, at) => slugs.indexOf(slug) !== at)).toEqual([]);
  expect(slugs.filter((slug) => ['compat', 'run', 'dynamic', 'universal'].includes(slug))).toEqual([]);
});

test('an unknown slug is null, also where an object would have a property of that name', () => {
  for (const slug of ['', 'nope', 'OpenAI', 'constructor', '__proto__', 'custom-openai'])
    expect(findProvider(slug)).toBeNull();
});

describe('docs/providers.md', () => {
  const page = readFileSync(new URL('../../../../docs/providers.md', import.meta.url), 'utf8');
  const [, table = ''] = page.split(/<!-- \/?providers -->/);
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, slug = '', name = '', aliases = '', base = '', headers = '', query = '']) => ({
      slug,
      name,
      aliases,
      base,
      headers,
      query,
    }));
  const ticked = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text ?? '');

  test('lists every provider, in the registry’s order, and no other', () => {
    expect(rows.map((row) => row.slug)).toEqual(PROVIDERS.map((row) => `\`${row.slug}\``));
  });

  test('shows aliases, base and credentials as they are', () => {
    for (const [at, row] of PROVIDERS.entries()) {
      expect({
        ...rows[at],
        headers: ticked(rows[at]?.headers ?? ''),
        aliases: ticked(rows[at]?.aliases ?? ''),
        query: ticked(rows[at]?.query ?? ''),
      }).toEqual({
        slug: `\`${row.slug}\``,
        name: row.name,
        aliases: [...(row.aliases ?? [])],
        base: `\`${row.baseUrl}\``,
        headers: [...row.credentialHeaders],
        query: [...(row.credentialQuery ?? [])],
      });
    }
  });
});

test('docs/usage.md names the providers whose streams are asked for usage', () => {
  const page = readFileSync(new URL('../../../../docs/usage.md', import.meta.url), 'utf8');
  const [, listed = ''] = page.split(/<!-- \/?asked -->/);
  const asked = PROVIDERS.filter((row) => row.streamUsage === 'asked').map(({ slug }) => slug);
  expect([...listed.matchAll(/`([^`]+)`/g)].map(([, slug]) => slug)).toEqual(asked);
});
