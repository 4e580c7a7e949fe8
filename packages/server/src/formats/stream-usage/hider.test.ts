import { describe, expect, test } from 'bun:test';
import { UsageHider } from './index.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** What goes out of a stream that comes in these pieces. */
function shown(pieces: readonly Uint8Array[]): { out: string; event: string | null } {
  const hider = new UsageHider();
  const out = pieces.map((piece) => text(hider.push(piece)));
  out.push(text(hider.end()));
  return { out: out.join(''), event: hider.event === null ? null : text(hider.event) };
}

const head = '"id":"c","object":"chat.completion.chunk"';
const choice = '"choices":[{"index":0,"delta":{"content":"a\\"usage\\":null,é🙂"}}]';
const USAGE = `data: {${head},"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n`;
const withNull = `data: {${head},${choice},"usage":null,"obfuscation":"x"}\n\n`;
const without = `data: {${head},${choice},"obfuscation":"x"}\n\n`;

const CASES: [rule: string, sent: string, out: string][] = [
  [
    'usage alone is hidden, and null beside a choice',
    `${withNull}${USAGE}data: [DONE]\n\n`,
    `${without}data: [DONE]\n\n`,
  ],
  [
    'with CRLF',
    `${withNull}${USAGE}data: [DONE]\n\n`.replaceAll('\n', '\r\n'),
    `${without}data: [DONE]\n\n`.replaceAll('\n', '\r\n'),
  ],
  ['with CR', `${withNull}${USAGE}${without}`.replaceAll('\n', '\r'), `${without}${without}`.replaceAll('\n', '\r')],
  [
    'null at the end, at the start and alone',
    'data:{"a":1, "usage": null}\n\ndata: {"usage":null , "b":1}\n\ndata: {"usage":null}\n\n',
    'data:{"a":1}\n\ndata: {"b":1}\n\ndata: {}\n\n',
  ],
  [
    'comments stay, also within what is hidden',
    `: one\n\n: two\n: three\n${USAGE.slice(0, -1)}: four\n\n`,
    ': one\n\n: two\n: three\n: four\n',
  ],
  [
    'a stray blank line, a byte order mark, ids and names stay',
    `\ufeff\n\nid: 1\nevent: x\n${without}retry: 5\n\n`,
    `\ufeff\n\nid: 1\nevent: x\n${without}retry: 5\n\n`,
  ],
  [
    'names of an event without data stay as they are',
    `event: error\ndata: {"error":{"usage":null}}\n\n`,
    `event: error\ndata: {"error":{"usage":null}}\n\n`,
  ],
  [
    'usage on a chunk with a choice stays',
    `data: {${choice},"usage":{"prompt_tokens":1}}\n\n`,
    `data: {${choice},"usage":{"prompt_tokens":1}}\n\n`,
  ],
  ['null of a choice stays', 'data: {"choices":[{"usage":null}]}\n\n', 'data: {"choices":[{"usage":null}]}\n\n'],
  [
    'an empty list of choices without usage stays',
    'data: {"choices":[],"prompt_filter_results":[],"usage":null}\n\n',
    'data: {"choices":[],"prompt_filter_results":[]}\n\n',
  ],
  [
    'several data lines and what is no JSON stay',
    'data: {"usage":null,\ndata: "choices":[]}\n\ndata: "usage"\n\nhello "usage"\n\n',
    'data: {"usage":null,\ndata: "choices":[]}\n\ndata: "usage"\n\nhello "usage"\n\n',
  ],
  ['without a blank line at the end', `${without}${USAGE.slice(0, -2)}`, without],
  ['cut within an event', `${without}data: {"id`, `${without}data: {"id`],
  ['nothing', '', ''],
];

describe('hiding a stream’s usage', () => {
  test.each(CASES)('%s, wherever the bytes are split', (_rule, sent, out) => {
    const bytes = Buffer.from(sent);
    expect(shown([bytes]).out).toBe(out);
    expect(shown([...bytes].map((byte) => Uint8Array.of(byte))).out).toBe(out);
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(shown([bytes.subarray(0, at), bytes.subarray(at)]).out).toBe(out);
    }
  });

  test('the hidden event is kept as it was sent', () => {
    expect(shown([Buffer.from(without + USAGE)]).event).toBe(USAGE);
    expect(shown([Buffer.from(without)]).event).toBeNull();
  });

  test('an event goes out with its blank line, a comment with its line end', () => {
    const hider = new UsageHider();
    const push = (piece: string) => text(hider.push(Buffer.from(piece)));
    expect([push(': wait\n'), push('\n'), push('data: {"a"'), push(':1}\n'), push('\n'), push('data: [DO')]).toEqual([
      ': wait\n',
      '\n',
      '',
      '',
      'data: {"a":1}\n\n',
      '',
    ]);
  });

  test('a chunk in which nothing is hidden goes out as it is, without a copy', () => {
    const chunk = Buffer.from(without);
    expect(new UsageHider().push(chunk).buffer).toBe(chunk.buffer);
  });

  test('an event over the bound goes out as it comes, and hiding goes on after it', () => {
    const hider = new UsageHider();
    const piece = Buffer.from(`data: {"usage":null,"x":"${'x'.repeat(100_000)}`);
    let out = '';
    for (let i = 0; i < 5; i += 1) out += text(hider.push(i === 0 ? piece : piece.subarray(30)));
    expect(out.length).toBeGreaterThan(300_000);
    out += text(hider.push(Buffer.from(`"}\n\n${USAGE}`)));
    expect(out.endsWith('x"}\n\n')).toBe(true);
    expect(out.length).toBe(piece.length * 5 - 4 * 30 + 4);
  });
});
