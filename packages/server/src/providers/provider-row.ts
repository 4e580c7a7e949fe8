import { formatForPath } from '../formats/index.ts';
import { type BaseVariables, fillBase } from './base-url.ts';
import { readClientPath, readClientQuery } from './client-path.ts';
import type { AuthStyle, ProviderRow, Target, TargetInput, TargetProblem } from './row.ts';

/** Where a rule puts a path. */
export interface Place {
  /** Path below the base, without leading slash. */
  path: string;
  /** Base where it is not the row's usual one; variables in braces. */
  base?: string;
  /** Variable parts found in the path; `account` is always known. */
  variables?: BaseVariables;
  /** Replaces the client's query. */
  query?: string;
  /** Model named by the path. */
  model?: string | null;
  headers?: Record<string, string | null>;
  /** The client or a user named the base's host. */
  userGiven?: boolean;
  /** How a stored credential is sent where it is not the row's usual way. */
  auth?: AuthStyle;
}

export interface RowSpec extends Omit<ProviderRow, 'target' | 'format'> {
  /** Places a path that `readClientPath` has passed. */
  place(path: string, input: TargetInput): Place | TargetProblem;
  /** Defaults to the format that the path alone tells. */
  format?: ProviderRow['format'];
}

/** Makes a row of a rule: cleans the path, lets the rule place it, then puts base, path and query together. */
export function providerRow(spec: RowSpec): ProviderRow {
  const { place, format = formatForPath, ...facts } = spec;
  return {
    ...facts,
    format,
    target(input) {
      const path = readClientPath(input.path);
      if (typeof path !== 'string') return path;
      const query = readClientQuery(input.query);
      if (typeof query !== 'string') return query;
      const placed = place(path, input);
      if ('problem' in placed) return placed;
      const template = input.baseUrl ?? placed.base ?? spec.baseUrl;
      const base = fillBase(template, { account: input.accountId, ...placed.variables });
      if (typeof base !== 'string') return base;
      const url = (placed.path === '' ? base : `${base}/${placed.path}`) + (placed.query ?? query);
      const target: Target = { url, path: placed.path, model: placed.model ?? null };
      if (placed.headers !== undefined) target.headers = placed.headers;
      // A base that the operator put in its place is the operator's, whoever named the host before.
      if (placed.userGiven === true && input.baseUrl === null) target.userGiven = true;
      if (placed.auth !== undefined) target.auth = placed.auth;
      if (placed.variables?.region !== undefined) target.region = placed.variables.region;
      return target;
    },
  };
}
