import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { endpointList } from '@headgate/contract';
import { type ApiFixture, apiFixture } from '../../../../test/support/management-api.ts';
import { docsPage } from './docs-page.ts';

let fixture: ApiFixture;
let page: string;
beforeAll(async () => {
  fixture = await apiFixture();
  page = (await fixture.send('GET', '/docs', { token: null })).text;
});
afterAll(() => fixture.control.close());

test('it is a page of its own that may load and run nothing', async () => {
  const { status, headers } = await fixture.send('GET', '/docs', { token: null });
  expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toStartWith("default-src 'none'; style-src 'unsafe-inline';");
  expect(page).not.toMatch(/<script|<link|<img|\ssrc=|https?:\/\/|\sstyle=|\son\w+=/);
});

test('every operation has a heading, a link to it, its method and its path', () => {
  for (const [name, { method, path, summary }] of endpointList) {
    const at = page.indexOf(`<article id="${name}">`);
    const article = page.slice(at, page.indexOf('</article>', at)).replaceAll('<wbr>', '');
    expect([name, at > 0, page.split(`id="${name}"`).length]).toEqual([name, true, 2]);
    expect(page).toContain(`<li><a href="#${name}">${name}</a></li>`);
    expect(article).toContain(`<b>${method}</b> <code>/client/v4${path}</code>`);
    expect(article).toContain(summary.replaceAll("'", '&#39;').replaceAll(/`([^`]*)`/g, '<code>$1</code>'));
  }
});

test('tags are closed in the order in which they were opened', () => {
  const open: string[] = [];
  for (const [, slash, name = ''] of page.matchAll(/<(\/?)([a-z]\w*)[^>]*>/g)) {
    if (['meta', 'wbr'].includes(name)) continue;
    if (slash === '') open.push(name);
    else expect(open.pop()).toBe(name);
  }
  expect(open).toEqual([]);
});

describe('schemas', () => {
  const rendered = (schema: unknown) =>
    docsPage({
      info: { title: 'T', version: '1' },
      servers: [{ url: '/base' }],
      tags: [{ name: 'A' }],
      paths: {
        '/x': {
          post: {
            operationId: 'x.y',
            tags: ['A'],
            summary: '<b>&"\'',
            'x-permission': 'any',
            parameters: [],
            requestBody: { content: { 'application/json': { schema } } },
            responses: { 200: { content: { '*/*': {} } } },
          },
        },
      },
    })
      .replaceAll(/<[^>]*>/g, ' ')
      .replaceAll(/\s+/g, ' ');

  test.each([
    [
      { type: 'object', properties: { a: { type: 'integer', minimum: 1, maximum: 9 } }, required: ['a'] },
      'a integer, required, 1 to 9',
    ],
    [
      { type: 'object', properties: { a: { type: 'integer', minimum: -9007199254740991 } } },
      'Body object a integer Answer',
    ],
    [
      { type: 'object', properties: { a: { enum: ['x', 'y'], default: 'x' } } },
      'a &quot;x&quot; | &quot;y&quot;, default &quot;x&quot;',
    ],
    [{ properties: { a: { anyOf: [{ type: 'integer', minimum: 0 }, { type: 'null' }] } } }, 'a integer | null, from 0'],
    [{ anyOf: [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, { type: 'null' }] }, 'Body string | null Answer'],
    [{ type: 'array', items: { type: 'object', properties: { in: { const: 1 } } } }, 'list of object in 1'],
    [{ anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] }, 'string (date-time) | null'],
    [
      {
        oneOf: [
          { type: 'object', properties: { a: {} } },
          { type: 'object', properties: { b: {} } },
        ],
      },
      'object a any value or b any value',
    ],
    [{ type: 'object', additionalProperties: { type: 'object', properties: { deep: {} } } }, 'object deep any value'],
    [
      { type: 'object', properties: { a: { type: 'string', minLength: 0, maxLength: 5 } } },
      'a string, 0 to 5 characters',
    ],
  ])('%j', (schema, expected) => {
    expect(rendered(schema)).toContain(expected);
  });

  test('all text is escaped', () => {
    expect(rendered({})).toContain('&lt;b&gt;&amp;&quot;&#39;');
    expect(rendered({ type: 'object', properties: { '<i>': { description: '<u>' } } })).toContain(
      '&lt;i&gt; any value, &lt;u&gt;',
    );
  });
});
