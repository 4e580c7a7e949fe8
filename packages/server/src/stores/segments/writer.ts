/** The writer's thread: the only one that changes segments. */
import { mkdirSync } from 'node:fs';
import { systemClock } from '../../lib/index.ts';
import { packBodies } from './bodies.ts';
import { allSegments, glance, setAside } from './files.ts';
import { GatewayLog, type IncomingRow, type SegmentRules } from './gateway-log.ts';
import { HandleCache } from './handle-cache.ts';
import type { AppendBatch, AppendOutcome, WireRow, WriterNews, WriterOps } from './protocol.ts';
import { SegmentWriter } from './segment-writer.ts';
import { serve } from '../worker-link.ts';

declare const self: Worker;

const OPEN_FILES = 128;
/** Waits before a failed batch is tried again; then its rows are given up. */
const RETRY_AFTER_MS = [50, 200, 750];

const handles = new HandleCache(OPEN_FILES, (path) => new SegmentWriter(path));
const gateways = new Map<string, GatewayLog>();
/** Gateways that may have full chunks to pack. */
const unpacked = new Set<string>();
let root = '';
let rules: SegmentRules = { segmentRows: 1, segmentSpanMs: 1, chunkRows: 1 };
let inTrouble = false;

const tell = serve<WriterOps, WriterNews>(
  self,
  {
    open: ({ root: directory, segmentRows, segmentSpanMs }) => {
      root = directory;
      rules = { segmentRows, segmentSpanMs, chunkRows: Math.max(4, Math.floor(segmentRows / 64)) };
      mkdirSync(root, { recursive: true });
      for (const path of allSegments(root)) {
        const reason = glance(path);
        if (reason !== null) tell({ news: 'damage', file: setAside(path), reason });
      }
      return null;
    },
    append,
    patch: ({ gatewayKey, id, change }) => logOf(gatewayKey).patch(id, change),
    recost: ({ gatewayKey, changes }) => logOf(gatewayKey).recost(changes),
    erase: ({ gatewayKey, segment, seqs }) => logOf(gatewayKey).erase(segment, seqs),
    eraseSegment: ({ gatewayKey, segment, rowsEver }) => logOf(gatewayKey).eraseSegment(segment, rowsEver),
    drop: ({ gatewayKey }) => {
      logOf(gatewayKey).drop();
      return null;
    },
    setAside: ({ gatewayKey, segment, reason }) => {
      logOf(gatewayKey).setAside(segment, reason);
      return null;
    },
    close: () => {
      handles.closeAll();
      return null;
    },
  },
  packChunks,
);

async function append({ rows, arenas }: AppendBatch): Promise<AppendOutcome> {
  const waiting = byGateway(rows, arenas);
  for (const gatewayKey of waiting.keys()) unpacked.add(gatewayKey);
  for (const delayMs of [0, ...RETRY_AFTER_MS]) {
    if (delayMs > 0) await new Promise<void>((resolve) => systemClock.after(delayMs, resolve));
    for (const [gatewayKey, incoming] of [...waiting]) {
      if (isStored(gatewayKey, incoming)) waiting.delete(gatewayKey);
    }
    if (waiting.size === 0) break;
  }
  return { droppedRows: [...waiting.values()].reduce((sum, left) => sum + left.length, 0) };
}

function isStored(gatewayKey: string, rows: IncomingRow[]): boolean {
  try {
    logOf(gatewayKey).append(rows);
    if (inTrouble) tell({ news: 'recovered' });
    inTrouble = false;
    return true;
  } catch (error) {
    report(error);
    return false;
  }
}

function packChunks(): void {
  for (const gatewayKey of unpacked) {
    try {
      logOf(gatewayKey).pack();
    } catch (error) {
      // The rows are safe, and the next batch tries again.
      report(error);
    }
  }
  unpacked.clear();
}

function report(error: unknown): void {
  inTrouble = true;
  tell({ news: 'trouble', error: error instanceof Error ? error.message : String(error) });
}

function logOf(gatewayKey: string): GatewayLog {
  const known = gateways.get(gatewayKey);
  if (known !== undefined) return known;
  const onDamage = (file: string, reason: string) => tell({ news: 'damage', file, reason });
  const log = new GatewayLog(gatewayKey, { root, rules, handles, onDamage });
  gateways.set(gatewayKey, log);
  return log;
}

function byGateway(rows: string, arenas: Uint8Array[]): Map<string, IncomingRow[]> {
  const groups = new Map<string, IncomingRow[]>();
  for (const { record, bodies, retention } of JSON.parse(rows) as WireRow[]) {
    const group = groups.get(record.gatewayKey) ?? [];
    groups.set(record.gatewayKey, group);
    group.push({ record, bodies: bodies && packBodies(bodies, arenas), retention });
  }
  return groups;
}
