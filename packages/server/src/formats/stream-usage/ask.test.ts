import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { askForUsage, readRequest } from '../index.ts';

const ask = (body: string) => {
  const bytes = Buffer.from(body);
  const asked = askForUsage(bytes, readRequest(bytes, null).streamOptions);
  return asked === null ? null : Buffer.from(asked).toString();
};

describe('asking for a stream’s usage changes that field alone', () => {
  test.each<[rule: string, body: string, asked: string | null]>([
    [
      'no options: they are added at the end',
      '{"model":"m", "stream":true}',
      '{"model":"m", "stream":true,"stream_options":{"include_usage":true}}',
    ],
    [
      'white space around the object stays',
      ' {"stream":true\n}\n ',
      ' {"stream":true\n,"stream_options":{"include_usage":true}}\n ',
    ],
    [
      'numbers, escapes, order and unknown fields stay as written',
      '{"z":1.0,"a":1e400,"big":123456789012345678901,"s":"\\u00e9\\/}","stream":true}',
      '{"z":1.0,"a":1e400,"big":123456789012345678901,"s":"\\u00e9\\/}","stream":true,"stream_options":{"include_usage":true}}',
    ],
    [
      'theirs are kept',
      '{"stream_options":{"x" : [1,{"include_usage":7}]},"stream":true}',
      '{"stream_options":{"x" : [1,{"include_usage":7}],"include_usage":true},"stream":true}',
    ],
    [
      'empty ones',
      '{"stream":true,"stream_options": { }}',
      '{"stream":true,"stream_options": { "include_usage":true}}',
    ],
    ['null', '{"stream_options": null,"stream":true}', '{"stream_options": {"include_usage":true},"stream":true}'],
    [
      'false',
      '{"stream_options":{"include_usage": false, "b":1},"stream":true}',
      '{"stream_options":{"include_usage": true, "b":1},"stream":true}',
    ],
    [
      'of two the last counts, as for parsers',
      '{"stream_options":{"a":1},"stream":true,"stream_options":{"b":2}}',
      '{"stream_options":{"a":1},"stream":true,"stream_options":{"b":2,"include_usage":true}}',
    ],
    [
      'a name may be escaped',
      '{"stream\\u005foptions":{"include_\\u0075sage":false},"stream":true}',
      '{"stream\\u005foptions":{"include_\\u0075sage":true},"stream":true}',
    ],
    [
      'the same words in texts and deeper down are none of it',
      '{"m":"\\"stream_options\\":{}}\\\\","o":{"stream_options":{}},"stream":true,"stream_options":{}}',
      '{"m":"\\"stream_options\\":{}}\\\\","o":{"stream_options":{}},"stream":true,"stream_options":{"include_usage":true}}',
    ],
    ['asked already', '{"stream":true,"stream_options":{"include_usage":true}}', null],
    ['options that are no object are the provider’s to refuse', '{"stream":true,"stream_options":"x"}', null],
    ['nor a list', '{"stream":true,"stream_options":[1]}', null],
    ['nor a number at the end', '{"stream":true,"stream_options":1}', null],
  ])('%s', (_rule, body, asked) => {
    expect(ask(body)).toBe(asked);
  });

  test('whatever else the body holds: it parses to the same with the option set', () => {
    const options = fc.option(
      fc.dictionary(fc.string(), fc.jsonValue()).map((rest) => ({ ...rest, include_usage: false })),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
        options,
        fc.nat({ max: 2 }),
        (rest, given, indent) => {
          const stream_options = given === null ? {} : { stream_options: given };
          const body = { a: rest, ...stream_options, ...rest, stream: true };
          if ('stream_options' in rest) return;
          const asked = ask(JSON.stringify(body, null, indent)) ?? '';
          expect(JSON.parse(asked)).toEqual({
            ...JSON.parse(JSON.stringify(body)),
            stream_options: { ...JSON.parse(JSON.stringify(given ?? {})), include_usage: true },
          });
        },
      ),
    );
  });
});
