import type { Database } from 'bun:sqlite';
import { trusting } from './damage.ts';
import type { Vector } from './measures.ts';
import { addChange, addHour, GROUP_SPACE, HOUR_MS, HOUR_SPACE } from './rollup-codec.ts';
import { decodeGroup } from './rollup-groups.ts';
import type { RollupPlan } from './rollup-plan.ts';
import type { Summary } from './summary.ts';

/** Adds the whole hours of a plan to a summary, from one state of a segment. */
export function addRollups(db: Database, plan: RollupPlan, summary: Summary): void {
  const { withTimes } = summary;
  const targets = targetsOf(db, plan, summary);
  if (!targets.some((target) => target !== null)) return;
  const vectorAt = (hour: number) => (group: number) => {
    const target = targets[group] ?? null;
    return target === null ? null : summary.vector(hour * HOUR_MS, target);
  };
  const packed = db.query<{ key: number; sums: Uint8Array; times: Uint8Array | null }, [number, number]>(
    `SELECT key, sums, ${withTimes ? 'times' : 'NULL AS times'} FROM rollups WHERE key >= ? AND key < ?`,
  );
  const first = plan.cube * HOUR_SPACE;
  const [from, end] = [bounded(plan.fromHour), bounded(plan.endHour)];
  for (const { key, sums, times } of packed.iterate(first + from, first + end)) {
    addHour({ sums, times }, vectorAt(key - first));
  }
  const changes = db.query<{ key: number; data: Uint8Array }, [number, number]>(
    'SELECT key, data FROM rollup_changes WHERE key >= ? AND key < ?',
  );
  for (const { key, data } of changes.iterate(from * GROUP_SPACE, end * GROUP_SPACE)) {
    const vector: Vector | null = vectorAt(Math.floor(key / GROUP_SPACE))(key % GROUP_SPACE);
    if (vector !== null) addChange(data, vector);
  }
}

/** Whether the segment may have rows within the range of a plan that are in no whole hour. */
export function hasRest(db: Database, { rest, fromHour, endHour }: RollupPlan): boolean {
  if (rest === null) return false;
  return [fromHour - 1, endHour].filter(Number.isFinite).some((hour) => {
    const packed = db.query('SELECT 1 FROM rollups WHERE key = ?').get(bounded(hour));
    const changed = db.query('SELECT 1 FROM rollup_changes WHERE key >= ? AND key < ?');
    return packed !== null || changed.get(bounded(hour) * GROUP_SPACE, (bounded(hour) + 1) * GROUP_SPACE) !== null;
  });
}

/** By number of a group in the segment its number in the summary; null for one of another cube or one that is not selected. */
function targetsOf(db: Database, plan: RollupPlan, summary: Summary): (number | null)[] {
  const targets: (number | null)[] = [];
  const groups = db.query<{ n: number; fields: string }, []>('SELECT n, fields FROM rollup_groups');
  for (const { n, fields } of groups.iterate()) {
    const { cube, group } = trusting('a group', () => decodeGroup(fields));
    targets[n] = cube === plan.cube && plan.accepts(group) ? summary.groupOf(group) : null;
  }
  return targets;
}

/** Hours that a key can hold. */
function bounded(hour: number): number {
  return Math.min(Math.max(hour, 0), HOUR_SPACE - 1);
}
