/** What the clients of a crash round were told: the next start is measured by it. */
import type { Asked } from './upstream.ts';

/** The three gateways that a round makes for its calls. */
export interface RoundGateways {
  plain: string;
  cached: string;
  limited: string;
}

export interface Sent {
  gateway: string;
  asked: Asked;
  /** `cf-aig-cache-key`, in the cached gateway. */
  cacheKey: string | null;
  /** Null until the client has the whole answer. `atMs` is of `performance.now()`. */
  ended: { id: string; atMs: number } | null;
}

/** A setting, a token or a field of a row, as it was answered, and as it would be with the change under way. */
export interface Promised {
  acknowledged: unknown;
  /** None: nothing is under way. */
  underWay: { to: unknown } | null;
}

export interface Ledger {
  round: number;
  gateways: RoundGateways;
  sent: Sent[];
  /** By kind and name, e.g. `price m-3`. */
  promised: Map<string, Promised>;
  /** Values of tokens by their name, where the answer came. */
  tokens: Map<string, string>;
  /** Changes that were answered. */
  changes: number;
  /** What was wrong while the server ran. */
  faults: string[];
  /** From here on errors are expected. */
  ending: boolean;
}

export function newLedger(round: number): Ledger {
  const gateways = { plain: `r${round}-plain`, cached: `r${round}-cached`, limited: `r${round}-limited` };
  const none = { sent: [], promised: new Map(), tokens: new Map(), changes: 0, faults: [], ending: false };
  return { round, gateways, ...none };
}

/** Random numbers from 0 to 1 that are the same for the same seed (a linear congruential generator, mixed). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0) / 2 ** 32;
  };
}
