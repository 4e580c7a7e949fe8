import { ACCOUNT_ID } from '@headgate/contract';
import type { TargetProblem } from './row.ts';

/** The variable parts that a base URL may hold in braces. */
type BaseVariable = 'account' | 'resource' | 'deployment' | 'region' | 'service' | 'model';
export type BaseVariables = Partial<Record<BaseVariable, string>>;

/**
 * What a variable may look like. All of them can end up in a host name, so none may hold a dot (deployments excepted,
 * which Azure allows), slash, `@`, `:` or `%`: with those a path could choose the host.
 */
const SHAPES: Record<BaseVariable, RegExp> = {
  account: ACCOUNT_ID,
  resource: /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?$/,
  deployment: /^[A-Za-z0-9._-]{1,64}$/,
  region: /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
  service: /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
  model: /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?$/,
};

const BRACED = /\{([^{}]*)\}/g;

/**
 * Fills a base's variables in. Given variables that the base does not mention are dropped, but are checked all the same,
 * so that a path is taken or refused alike with and without a replaced base.
 */
export function fillBase(template: string, variables: BaseVariables): string | TargetProblem {
  for (const [name, value] of Object.entries(variables)) {
    if (!SHAPES[name as BaseVariable].test(value))
      return { problem: `The path names the ${name} "${value}", which can't be one` };
  }
  if (!template.includes('{')) return withoutTrailingSlash(template);
  const known = new Map(Object.entries(variables));
  for (const [braced, name = ''] of template.matchAll(BRACED)) {
    if (!known.has(name)) return { problem: `The provider's base URL needs ${braced}, and the path names none` };
  }
  return withoutTrailingSlash(template.replace(BRACED, (_, name: string) => known.get(name) ?? ''));
}

export function withoutTrailingSlash(url: string): string {
  let end = url.length;
  while (end > 0 && url[end - 1] === '/') end--;
  return end === url.length ? url : url.slice(0, end);
}
