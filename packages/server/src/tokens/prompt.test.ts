import { expect, test } from 'bun:test';
import { readPrompt } from './prompt.ts';

const read = (body: unknown, chat = false) => readPrompt(Buffer.from(JSON.stringify(body)), chat);
const FILE = 'A'.repeat(600);

test.each<[rule: string, body: object, texts: string[], tokens: number]>([
  ['OpenAI chat', { model: 'm', messages: [{ role: 'user', content: 'a', name: 'n' }], user: 'x' }, ['a', 'n'], 0],
  [
    'parts, pictures and audio',
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'low' } },
            { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
          ],
        },
      ],
    },
    ['a'],
    2 * 765,
  ],
  [
    'tools as JSON, calls and results',
    {
      tools: [{ type: 'function', function: { name: 'f' } }],
      messages: [
        {
          role: 'assistant',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'r' },
      ],
    },
    ['[{"type":"function","function":{"name":"f"}}]', 'f', '{"a":1}', 'r'],
    0,
  ],
  ['completions', { prompt: ['a', 'b'], suffix: 'c' }, ['a', 'b', 'c'], 0],
  ['prompts that are tokens', { input: [[1, 2, 3], [4]] }, [], 4],
  [
    'Responses',
    { instructions: 'i', input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'a' }] }] },
    ['i', 'a'],
    0,
  ],
  [
    'Anthropic',
    {
      system: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }],
      messages: [
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }] },
        { role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA' } }] },
      ],
    },
    ['s', 'f', '{"a":1}'],
    765,
  ],
  [
    'Gemini',
    {
      systemInstruction: { parts: [{ text: 's' }] },
      contents: [{ role: 'user', parts: [{ text: 'a' }, { inlineData: { mimeType: 'image/png', data: 'AA' } }] }],
    },
    ['s', 'a'],
    765,
  ],
  ['Converse', { system: [{ text: 's' }], messages: [{ role: 'user', content: [{ text: 'a' }] }] }, ['s', 'a'], 0],
  [
    'base64 anywhere is a file',
    { messages: [{ role: 'user', content: `data:image/png;base64,${FILE}` }, { content: FILE }] },
    [],
    2 * 765,
  ],
  ['settings are no prompt', { model: 'm', temperature: 1, stop: ['x'], metadata: { input: 'y' } }, [], 0],
])('%s', (_rule, body, texts, tokens) => {
  expect(read(body)).toEqual({ texts, tokens });
});

test('messages have their frame, as OpenAI counts it', () => {
  const messages = [
    { role: 'system', content: 'a' },
    { role: 'user', content: 'b' },
  ];
  expect(read({ messages }, true)?.tokens).toBe(2 * 4 + 3);
  expect(read({ input: 'a' }, true)?.tokens).toBe(4 + 3);
});

test.each(['', 'x', '[]', 'null', '"a"'])('%j is no request', (body) => {
  expect(readPrompt(Buffer.from(body), true)).toBeNull();
});

test('what is nested without end is left', () => {
  const nested = (open: string, close: string) => `{"input":${open.repeat(5000)}1${close.repeat(5000)}}`;
  expect(readPrompt(Buffer.from(nested('[', ']')), false)?.tokens ?? 0).toBe(0);
  expect(readPrompt(Buffer.from(nested('{"args":', '}')), false)?.tokens ?? 0).toBe(0);
});
