import { describe, expect, test } from 'bun:test';
import { nameForms } from './names.ts';

const forms = (model: string, prefixes: string[] = []) => nameForms(model, prefixes).map(({ name }) => name);
const snapshots = (model: string) =>
  nameForms(model, [])
    .filter((form) => form.snapshot)
    .map((form) => form.name);

describe('dates, revisions and variants come off one by one', () => {
  const cases: [model: string, ...names: string[]][] = [
    ['GPT-4o', 'gpt-4o'],
    ['gpt-4o-2024-08-06', 'gpt-4o-2024-08-06', 'gpt-4o'],
    ['claude-3-7-sonnet-latest', 'claude-3-7-sonnet-latest', 'claude-3-7-sonnet'],
    ['claude-sonnet-4-5@20250929', 'claude-sonnet-4-5@20250929', 'claude-sonnet-4-5'],
    ['claude-opus-4-8@default', 'claude-opus-4-8@default', 'claude-opus-4-8'],
    [
      'anthropic.claude-3-5-sonnet-20241022-v2:0',
      ...['anthropic.claude-3-5-sonnet-20241022-v2:0', 'anthropic.claude-3-5-sonnet-20241022-v2'],
      ...['anthropic.claude-3-5-sonnet-20241022', 'anthropic.claude-3-5-sonnet'],
    ],
    ['anthropic/claude-3.7-sonnet:thinking', 'anthropic/claude-3.7-sonnet:thinking', 'anthropic/claude-3.7-sonnet'],
  ];
  for (const [model, ...names] of cases) {
    test(model, () => expect(snapshots(model)).toEqual(names));
  }
});

describe('what makes another model stays on', () => {
  for (const model of [
    'claude-opus-4-1',
    'gemini-2.5-flash-lite',
    'gpt-4o-mini',
    'mistral-large-2512',
    'command-r-03-2024',
    'x/y:free',
    'x/y:extended',
    'amazon.titan-embed-text-v2',
    'embed-v4.0',
    'gpt-5-pro',
  ]) {
    test(model, () => expect(snapshots(model)).toEqual([model]));
  }
});

describe('stages and short dates come off, but are no snapshots', () => {
  const cases: [model: string, ...names: string[]][] = [
    ['gemini-2.5-pro-preview-05-06', 'gemini-2.5-pro-preview', 'gemini-2.5-pro'],
    ['gemini-2.0-flash-001', 'gemini-2.0-flash'],
    ['gpt-4o-realtime-preview-2024-12-17', 'gpt-4o-realtime-preview', 'gpt-4o-realtime'],
    ['magistral-medium-2509', 'magistral-medium'],
  ];
  for (const [model, ...names] of cases) {
    test(model, () => {
      expect(forms(model)).toEqual([model, ...names]);
      expect(nameForms(model, []).at(-1)?.snapshot).toBe(false);
    });
  }
});

describe('paths and prefixes come off', () => {
  const cases: [model: string, prefixes: string[], name: string][] = [
    ['models/gemini-2.5-pro', [], 'gemini-2.5-pro'],
    ['publishers/google/models/gemini-2.5-pro', [], 'gemini-2.5-pro'],
    ['projects/p/locations/l/publishers/anthropic/models/claude-opus-4-8', [], 'claude-opus-4-8'],
    ['arn:aws:bedrock:us-east-1:012345678901:inference-profile/us.amazon.nova-pro', ['us.'], 'amazon.nova-pro'],
    ['us-gov.amazon.nova-pro', ['us.', 'us-gov.'], 'amazon.nova-pro'],
    ['google/gemini-2.5-pro', ['google/'], 'gemini-2.5-pro'],
    ['ft:gpt-4o-2024-08-06:org::id', [], 'ft:gpt-4o'],
  ];
  for (const [model, prefixes, name] of cases) {
    test(model, () => expect(forms(model, prefixes)).toContain(name));
  }

  test('a vendor stays on where the provider has no such prefix', () => {
    expect(forms('someone/gpt-4o')).toEqual(['someone/gpt-4o']);
  });
});

test('odd names end', () => {
  for (const model of [
    '',
    ' ',
    '-latest',
    '@20250101',
    ':',
    '-v1-v1-v1',
    'models/',
    'ft::',
    '-2024-01-01'.repeat(20),
  ]) {
    expect(nameForms(model, ['']).every(({ name }) => name !== '')).toBe(true);
  }
});
