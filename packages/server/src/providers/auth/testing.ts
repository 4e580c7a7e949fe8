/** For tests: a clock that stands still until told, and stored keys put onto requests the way the gateway does. */
import { type Clock, Fields, Secret } from '../../lib/index.ts';
import { type Asked, rowOf, targetOf } from '../testing.ts';
import { type Authorization, createAuthorizer } from './authorize.ts';
import type { SendTokenRequest } from './token-exchange.ts';

export const NOW_MS = Date.UTC(2026, 10, 1, 12, 0, 0);

export interface FakeClock extends Clock {
  /** Moves the time on and runs what is due. */
  advance(ms: number): void;
  /** Tasks that wait. */
  waiting(): number;
}

export function fakeClock(startMs = NOW_MS): FakeClock {
  let nowMs = startMs;
  const tasks = new Map<() => void, number>();
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, task) {
      tasks.set(task, nowMs + delayMs);
      return () => tasks.delete(task);
    },
    advance(ms) {
      nowMs += ms;
      for (const [task, dueMs] of [...tasks]) {
        if (dueMs > nowMs) continue;
        tasks.delete(task);
        task();
      }
    },
    waiting: () => tasks.size,
  };
}

/** For credentials that need no exchange. */
export const noSend: SendTokenRequest = () => Promise.reject(new Error('nothing is to be sent'));

export interface Sent extends Asked, Partial<Pick<Authorization, 'method' | 'body'>> {
  send?: SendTokenRequest;
  clock?: Clock;
}

/** Puts a stored credential onto a request for a whole gateway path (`{slug}/…`). Headers come out as a plain object. */
export async function authorized(
  gatewayPath: string,
  stored: string | object,
  sent: Sent = {},
): Promise<{ url: string; headers: Record<string, string> }> {
  const [slug = ''] = gatewayPath.split(/[/?]/, 1);
  const row = rowOf(slug);
  const baseUrls = new Map(sent.baseUrl === undefined ? [] : [[row.slug, sent.baseUrl]]);
  const { authorize } = createAuthorizer({ clock: sent.clock ?? fakeClock(), send: sent.send ?? noSend, baseUrls });
  const { url, headers } = await authorize({
    row,
    target: targetOf(gatewayPath, sent),
    method: sent.method ?? 'POST',
    headers: Fields.of(new Headers(sent.headers)),
    body: sent.body ?? null,
    secret: storedAs(stored),
  });
  return { url, headers: headers.record };
}

export function storedAs(credential: string | object): Secret {
  return new Secret(typeof credential === 'string' ? credential : JSON.stringify(credential));
}
