import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logRecord, START_MS } from '../contract/index.ts';
import { GatewayLog } from './gateway-log.ts';
import { HandleCache } from './handle-cache.ts';
import { toPlain } from './row-codec.ts';
import { SegmentWriter } from './segment-writer.ts';

let root: string;
let handles: HandleCache<SegmentWriter>;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'headgate-logs-'));
  handles = new HandleCache(2, (path) => new SegmentWriter(path));
});
afterEach(() => {
  handles.closeAll();
  rmSync(root, { recursive: true, force: true });
});

function openLog(): GatewayLog {
  const rules = { segmentRows: 8, segmentSpanMs: 1000, chunkRows: 4 };
  return new GatewayLog('gateway-1', { root, rules, handles, onDamage: () => {} });
}

function rows(count: number, from = 0) {
  return Array.from({ length: count }, (_, i) => ({
    record: toPlain(logRecord({ createdAtMs: START_MS + from + i })),
    bodies: null,
    retention: null,
  }));
}

test('a whole segment is not dropped when rows came after it was read', () => {
  const log = openLog();
  log.append(rows(3));
  log.append(rows(1, 3));
  expect(log.eraseSegment(1, 3)).toBeNull();
  expect(log.eraseSegment(1, 4)).toBe(4);
  expect(log.eraseSegment(1, 4)).toBe(0);
});

test('a number is not used again while the process lives', () => {
  const log = openLog();
  log.append(rows(3));
  expect(log.eraseSegment(1, 3)).toBe(3);
  log.append(rows(2));
  expect(log.erase(1, Float64Array.of(0))).toBe(0);
  expect(log.eraseSegment(2, 2)).toBe(2);
  log.drop();
  log.append(rows(2));
  expect(log.eraseSegment(3, 2)).toBe(2);
});

test('rows that were stored are taken off the list, so that a second try stores only the rest', () => {
  const log = openLog();
  const pending = rows(20);
  log.append(pending);
  expect(pending).toEqual([]);
  expect([1, 2, 3].map((number) => log.eraseSegment(number, number < 3 ? 8 : 4))).toEqual([8, 8, 4]);
});

test('a segment is cut by time only when it has a chunk of rows', () => {
  const log = openLog();
  log.append(rows(2));
  log.append(rows(2, 5000));
  log.append(rows(2, 9000));
  expect(log.eraseSegment(1, 4)).toBe(4);
  expect(log.eraseSegment(2, 2)).toBe(2);
});

test('a sealed segment takes no more rows, even when the next could not be made at once', () => {
  const log = openLog();
  log.append(rows(5));
  const inTheWay = join(root, 'gateway-1', 'segment-000002.db.new');
  mkdirSync(inTheWay);
  expect(() => log.append(rows(1, 5000))).toThrow();
  rmSync(inTheWay, { recursive: true });
  log.append(rows(1, 5));
  expect([log.eraseSegment(1, 5), log.eraseSegment(2, 1)]).toEqual([5, 1]);
});
