/** The wall of upstream faults, as one table: what the provider does, and what client, provider and log must see of it. */
import { brokenStreamFaults, connectionFaults, statusFaults } from './wall-answers.ts';
import { framingFaults, headFaults, streamFaults } from './wall-bodies.ts';
import { play, type Seen } from './wall-scene.ts';
import { openTlsStage } from './wall-tls.ts';

export interface WallRow extends Seen {
  fault: string;
  play(): Promise<Seen>;
}

export interface Wall {
  rows: WallRow[];
  close(): Promise<void>;
}

export async function openWall(): Promise<Wall> {
  const plain = [
    ...statusFaults,
    ...connectionFaults,
    ...brokenStreamFaults,
    ...streamFaults,
    ...framingFaults,
    ...headFaults,
  ].map((fault) => ({ ...fault, play: () => play(fault) }));
  const tls = await openTlsStage();
  return { rows: [...plain, ...tls.rows], close: tls.close };
}

/** What did not come as the row says; empty when all did. */
export function differences(row: Seen, seen: Seen): Partial<Seen> {
  const wrong: Partial<Seen> = {};
  for (const part of ['client', 'upstream', 'log'] as const) {
    if (!agrees(seen[part], row[part])) wrong[part] = seen[part];
  }
  return wrong;
}

/** `broken` alone leaves open how much came before, and `…` at the end what comes after. */
function agrees(found: string, expected: string): boolean {
  if (expected.endsWith('…')) return found.startsWith(expected.slice(0, -1));
  return found === expected || (expected === 'broken' && found.endsWith('broken'));
}
