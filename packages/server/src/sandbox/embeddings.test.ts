import { expect, test } from 'bun:test';
import { rejection, startClients } from '../../../../test/support/sandbox.ts';

const { openai } = startClients();

async function vectors(input: string | string[] | number[], dimensions?: number): Promise<number[][]> {
  const answer = await openai.embeddings.create({ model: 'any-name', input, ...(dimensions ? { dimensions } : {}) });
  return answer.data.map((item) => item.embedding);
}

function cosine(a: number[] = [], b: number[] = []): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

test('any model name is taken, and usage counts the tokens of all inputs', async () => {
  const answer = await openai.embeddings.create({ model: 'any-name', input: ['Hello, world!', 'Say hello'] });
  expect(answer).toMatchObject({ object: 'list', model: 'any-name', usage: { prompt_tokens: 6, total_tokens: 6 } });
  expect(answer.data.map((item) => item.index)).toEqual([0, 1]);
});

test('a vector has length 1 and as many dimensions as asked for', async () => {
  for (const dimensions of [1, 7, 256, 4_096]) {
    const [vector] = await vectors('some words of text', dimensions);
    expect(vector).toHaveLength(dimensions);
    expect(cosine(vector, vector)).toBeCloseTo(1, 5);
  }
});

test('equal texts are equal, texts that share words are closer than others', async () => {
  const [cat, again, dog, far] = await vectors([
    'the cat sat on the mat',
    'the cat sat on the mat',
    'the dog sat on the mat',
    'quarterly revenue grew sharply abroad',
  ]);
  expect(again).toEqual(cat as number[]);
  expect(cosine(cat, dog)).toBeGreaterThan(cosine(cat, far) + 0.3);
});

test('also in few dimensions different words point in different directions', async () => {
  const [one, other] = await vectors(['alpha', 'omega'], 8);
  expect(Math.abs(cosine(one, other))).toBeLessThan(0.9);
  const used = one?.filter((value) => value !== 0) ?? [];
  expect(used.length).toBeGreaterThan(1);
});

test('a text and its tokens have the same vector', async () => {
  expect(await vectors([13225, 11, 2375, 0])).toEqual(await vectors('Hello, world!'));
});

test('floats and base64 hold the same numbers', async () => {
  const body = { model: 'x', input: 'Say hello', dimensions: 8 };
  const floats = await openai.embeddings.create({ ...body, encoding_format: 'float' });
  const packed = await openai.embeddings.create({ ...body, encoding_format: 'base64' });
  const bytes = Buffer.from(String(packed.data[0]?.embedding), 'base64');
  expect(Array.from({ length: 8 }, (_, i) => bytes.readFloatLE(4 * i))).toEqual(floats.data[0]?.embedding ?? []);
});

test.each([[''], [[]], [[['a']]], [[-1]], [[1.5]]])('the input %j is refused', async (input) => {
  expect(await rejection(openai.embeddings.create({ model: 'x', input: input as string }))).toMatchObject({
    status: 400,
  });
});

test('more inputs than 2,048 are refused', async () => {
  const input = Array.from({ length: 2_049 }, () => 'a');
  expect(await rejection(openai.embeddings.create({ model: 'x', input }))).toMatchObject({ status: 400 });
});
