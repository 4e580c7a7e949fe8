import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { MAX_MESSAGE, MAX_RAW_BYTES, MAX_TEXT_BYTES } from './draft.ts';
import { MAX_BODY_BYTES } from './framing/json-body.ts';
import { MAX_EVENT_BYTES } from './framing/sse.ts';

/** `docs/reading-answers.md` names a test for every habit of a provider that the readers know. */

const page = readFileSync(new URL('../../../../docs/reading-answers.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| *(\d*) *\|(.*)\| `([a-z-]+)`: (.+) \|$/gm)].map(
  ([, number = '', habit = '', where = '', name = '']) => ({ number, habit: habit.trim(), where, name }),
);

/** The text of the tests of a place: of a folder, of one file beside this one, or of the prices. */
function testsIn(where: string): string {
  const here = new URL('./', import.meta.url);
  if (where === 'pricing') return readFileSync(new URL('../pricing/answer-cost.test.ts', here), 'utf8');
  const folder = readdirSync(here).includes(where) ? `${where}/` : '';
  const files = folder === '' ? [`${where}.test.ts`] : readdirSync(new URL(folder, here)).map((name) => folder + name);
  return files
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(new URL(name, here), 'utf8'))
    .join('\n');
}

test('the habits are numbered through, each with a test', () => {
  const numbers = rows.flatMap(({ number }) => (number === '' ? [] : [Number(number)]));
  expect(numbers).toEqual(Array.from({ length: 21 }, (_, at) => at + 1));
  for (const { number, habit } of rows) expect(habit === '').toBe(number === '');
});

test.each(rows.map(({ where, name }): [string, string] => [where, name]))('%s has the test: %s', (where, name) => {
  expect(testsIn(where)).toContain(`'${name}'`);
});

test('the bounds on the page are those of the code', () => {
  const mebibytes = (bytes: number) => `${bytes / 1024 / 1024} MiB`;
  const bound = (what: RegExp) =>
    [...page.matchAll(/^\| (.+?) \| (.+) \|$/gm)].find(([, name = '']) => what.test(name))?.[2];
  expect(bound(/^text/)).toStartWith(mebibytes(MAX_TEXT_BYTES));
  expect(bound(/^one event/)).toStartWith(mebibytes(MAX_EVENT_BYTES));
  expect(bound(/^a JSON body/)).toStartWith(mebibytes(MAX_BODY_BYTES));
  expect([MAX_RAW_BYTES, MAX_MESSAGE].map((bytes) => `${bytes / 1024} KiB each`)).toEqual(
    Array(2).fill(bound(/^the usage/)),
  );
});
