import type { Clock } from '../lib/index.ts';
import type { Trail } from './call.ts';

/**
 * Where the time of an attempt goes, in milliseconds. `body` (the client sends its request) and `provider` (to the head of
 * its answer) are waiting; the rest is our own.
 */
export const STAGES = ['admit', 'body', 'plan', 'cache', 'limit', 'key', 'provider'] as const;
export type Stage = (typeof STAGES)[number];
export type Stages = Record<Stage, number>;

export function noStages(): Stages {
  return { admit: 0, body: 0, plan: 0, cache: 0, limit: 0, key: 0, provider: 0 };
}

/** Ends a stage: the time since the last one belongs to it. */
export function lap(trail: Trail, stage: Stage, clock: Clock): void {
  const now = clock.monotonicMs();
  trail.stages[stage] += now - trail.lapMono;
  trail.lapMono = now;
}

/** Time that was the gateway's own, in milliseconds. */
export function ownMs({ admit, plan, cache, limit, key }: Stages): number {
  return admit + plan + cache + limit + key;
}

/** A hundredth of a millisecond: what lies below is noise, and shorter numbers keep rows small. */
const PRECISION = 100;

/** For the log: stages that took no time are left out; null when none took any. */
export function stagesForLog(stages: Stages): Record<string, number> | null {
  let known: Record<string, number> | null = null;
  for (const stage of STAGES) {
    const ms = Math.round(stages[stage] * PRECISION) / PRECISION;
    if (ms === 0) continue;
    known ??= {};
    known[stage] = ms;
  }
  return known;
}

/** The value of `Server-Timing` (W3C): the stages of the call, and of the attempt that answered it. */
export function serverTiming(first: Trail, answered: Trail): string {
  let text = '';
  for (const stage of STAGES) {
    const ms = answered.stages[stage] + (first === answered ? 0 : frontOf(first, stage));
    if (ms < 1 / PRECISION / 2) continue;
    text += `${text === '' ? '' : ', '}${stage};dur=${Math.round(ms * PRECISION) / PRECISION}`;
  }
  return text;
}

/** What a call does once, before its attempts, stands in the trail of its first one. */
function frontOf({ stages }: Trail, stage: Stage): number {
  return stage === 'admit' || stage === 'body' || stage === 'plan' ? stages[stage] : 0;
}
