import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { setMember } from './index.ts';

const set = (body: string, path: string[], value: string) => {
  const bytes = setMember(Buffer.from(body), path, value);
  return bytes === null ? null : Buffer.from(bytes).toString();
};

describe('setting a member changes that member alone', () => {
  test.each<[rule: string, body: string, path: string[], after: string | null]>([
    ['missing: at the end', ' {"a" : 1.0\n} ', ['store'], ' {"a" : 1.0\n,"store":false} '],
    ['in an empty object', '{ }', ['store'], '{ "store":false}'],
    ['there', '{"store" : true , "a":[{}]}', ['store'], '{"store" : false , "a":[{}]}'],
    ['there as something else', '{"store":{"x":"}"},"b":2}', ['store'], '{"store":false,"b":2}'],
    ['of two the last counts, as for parsers', '{"store":1,"store":2}', ['store'], '{"store":1,"store":false}'],
    ['within an object', '{"p":{"x":1},"b":2}', ['p', 'z'], '{"p":{"x":1,"z":false},"b":2}'],
    ['within an empty one', '{"p":{ },"b":2}', ['p', 'z'], '{"p":{ "z":false},"b":2}'],
    ['within one that is missing', '{}', ['p', 'q', 'z'], '{"p":{"q":{"z":false}}}'],
    ['within null', '{"p":null}', ['p', 'z'], '{"p":{"z":false}}'],
    ['within what is no object: not at all', '{"p":[1]}', ['p', 'z'], null],
    ['nor within a text', '{"p":"{}"}', ['p', 'z'], null],
    ['no object', '[{"store":true}]', ['store'], null],
    ['nothing', '', ['store'], null],
    ['no JSON', 'store}', ['store'], null],
  ])('%s', (_rule, body, path, after) => {
    expect(set(body, path, 'false')).toBe(after);
  });

  test('whatever else the body holds', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.string(), (rest, name) => {
        const body = JSON.stringify(rest);
        expect(JSON.parse(set(body, [name], '7') ?? '')).toEqual({ ...JSON.parse(body), [name]: 7 });
      }),
    );
  });

  test('bytes that are a part of a larger buffer', () => {
    const bytes = Buffer.from('xx{"p":null}yy').subarray(2, 12);
    expect(Buffer.from(setMember(bytes, ['p', 'z'], '1') ?? []).toString()).toBe('{"p":{"z":1}}');
  });
});
