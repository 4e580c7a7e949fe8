import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { loadRecordings, requestBytes, responseBytes } from './recordings.ts';

const FOLDER = join(import.meta.dir, '../fixtures/recordings');
const recordings = await loadRecordings(FOLDER);

test('recordings come ordered, each id once, without WebSocket sessions', () => {
  const ids = recordings.map((recording) => recording.id);
  expect(ids).toEqual([...new Set(ids)].sort());
  expect(recordings.some((recording) => String(recording.stream_format) === 'websocket')).toBe(false);
});

test('bodies come back in every encoding', () => {
  const encodings = new Set(recordings.map((recording) => recording.request.body_encoding));
  expect([...encodings].sort()).toEqual(['json', 'none', 'text']);
  for (const recording of recordings) {
    const body = requestBytes(recording);
    if (recording.request.body_encoding === 'json') expect(JSON.parse(String(body))).toEqual(recording.request.body);
    if (recording.request.body_encoding === 'none') expect(body).toBeNull();
    const text = Buffer.from(responseBytes(recording)).toString(recording.response.body_encoding);
    expect(text).toBe(recording.response.body);
  }
});

test('a folder without recordings is an error that names it', async () => {
  await expect(loadRecordings(import.meta.dir)).rejects.toThrow(`${import.meta.dir} holds no recordings`);
});
