import { describe, expect, test } from 'bun:test';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endpoints } from '@headgate/contract';
import { bodyInput, requiredFields } from './body-options.ts';
import { table } from './print.ts';
import { readFilter } from './query-options.ts';

const directory = mkdtempSync(join(tmpdir(), 'headgate-cli-'));
const file = (name: string, content: string) => {
  writeFileSync(join(directory, name), content);
  return join(directory, name);
};

describe('settings', () => {
  const gateway = endpoints['gateways.create'];
  const provider = endpoints['customProviders.edit'];
  const keyFile = file('key', 'sk-1\n');
  test.each([
    ['a number', gateway, ['cache_ttl=60'], { cache_ttl: 60 }],
    ['a truth value', gateway, ['zdr=true'], { zdr: true }],
    ['an object', gateway, ['otel=[{"url":"https://a","headers":{}}]'], { otel: [{ url: 'https://a', headers: {} }] }],
    ['a field of an object', gateway, ['spend_limits.enabled=true'], { spend_limits: { enabled: true } }],
    [
      'two fields of an object',
      gateway,
      ['guardrails.prompt.S1=BLOCK', 'guardrails.prompt.S2=FLAG'],
      { guardrails: { prompt: { S1: 'BLOCK', S2: 'FLAG' } } },
    ],
    ['a text that looks like a number, for a text', provider, ['name=123'], { name: '123' }],
    ['a text that looks like JSON, for a text', provider, ['headers={"a":"b"}'], { headers: '{"a":"b"}' }],
    ['null, for a text that can be cleared', provider, ['link=null'], { link: null }],
    ['null, for a text that cannot', provider, ['name=null'], { name: 'null' }],
    ['what no field asks for', provider, ['unknown=[1]', 'other=a=b'], { unknown: [1], other: 'a=b' }],
    ['a file', provider, [`description=@${keyFile}`], { description: 'sk-1' }],
    ['the last of two', gateway, ['cache_ttl=1', 'cache_ttl=2'], { cache_ttl: 2 }],
  ])('%s', async (_, endpoint, set, expected) => {
    expect(await bodyInput(endpoint, { set })).toEqual(expected);
  });

  test('a setting wins over the file', async () => {
    const path = file('body.json', '{"cache_ttl": 1, "spend_limits": {"enabled": true, "rules": []}}');
    expect(await bodyInput(gateway, { file: path, set: ['spend_limits.enabled=false'] })).toEqual({
      cache_ttl: 1,
      spend_limits: { enabled: false, rules: [] },
    });
  });

  test.each([
    ['--set: expected key=value, got "=1"', { set: ['=1'] }],
    ['--set: /nowhere/x cannot be read (ENOENT)', { set: ['zdr=@/nowhere/x'] }],
    ['is not valid JSON', { file: file('bad.json', '{') }],
    ['must hold a JSON object', { file: file('list.json', '[]') }],
  ])('%s', async (message, options) => {
    await expect(bodyInput(gateway, options)).rejects.toThrow(message);
  });

  test('what an update must name', () => {
    expect(requiredFields(endpoints['gateways.update']).toSorted()).toEqual([
      'cache_invalidate_on_update',
      'cache_ttl',
      'collect_logs',
      'rate_limiting_interval',
      'rate_limiting_limit',
    ]);
  });
});

test('filters', () => {
  expect(readFilter(' model eq gpt-4o mini,null ')).toEqual({
    key: 'model',
    operator: 'eq',
    value: ['gpt-4o mini', null],
  });
  expect(() => readFilter('model eq')).toThrow('--filter: expected "field operator value", got "model eq"');
});

describe('tables', () => {
  test('columns are aligned, empty cells are dashes, long ones are cut', () => {
    const rows = [
      { id: 'a', n: 1, o: { x: true } },
      { id: 'bbbb', n: null, o: 'y'.repeat(80) },
    ];
    expect(table(rows, ['id', 'n', 'o'])).toEqual(['ID    N  O', 'a     1  {"x":true}', `bbbb  -  ${'y'.repeat(59)}…`]);
  });

  test('what strangers wrote cannot steer the terminal', () => {
    expect(table([{ model: '\u001b[31mred\n\u009b0m' }], ['model'])).toEqual(['MODEL', ' [31mred 0m']);
  });
});
