import type { Refusal, WireError } from './errors.ts';

/** Paging block of list answers. `total_count` is exact. */
export interface ResultInfo {
  page: number;
  per_page: number;
  count: number;
  total_count: number;
  total_pages?: number;
  [statistic: string]: number | undefined;
}

/** The v4 envelope of the management face. */
export interface Envelope<T> {
  success: boolean;
  errors: WireError[];
  messages: string[];
  result: T;
  result_info?: ResultInfo;
}

export function envelope<T>(result: T, info?: ResultInfo): Envelope<T> {
  const body: Envelope<T> = { success: true, errors: [], messages: [], result };
  if (info !== undefined) body.result_info = info;
  return body;
}

export function errorEnvelope(refusal: Refusal): Envelope<null> {
  return { success: false, errors: refusal.errors, messages: [], result: null };
}
