import type { Target } from '../load/request.ts';

/** A subject that runs, in front of one upstream. */
export interface Running extends Target {
  pid: number;
  stop(): Promise<void>;
}

export interface Subject {
  /** For `--only`. */
  id: string;
  name: string;
  /** Installs it where needed. Rejects with the reason where it cannot be had. Resolves with its version. */
  prepare(): Promise<string>;
  start(upstream: string): Promise<Running>;
  /** Whether streams and large prompts are measured, too. */
  isWhole: boolean;
}

export const OPENAI_HEADERS = { 'content-type': 'application/json', authorization: 'Bearer sk-0123456789' };
