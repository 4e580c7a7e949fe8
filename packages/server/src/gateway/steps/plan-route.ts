import { Refusal } from '@headgate/contract';
import { findProvider } from '../../providers/index.ts';
import type { Attempt, ReadCall } from '../call.ts';

/**
 * Turns a call into the upstream request to make.
 * @param baseUrls replacement bases by provider slug.
 * @throws Refusal 400/2008 for an unknown provider, 400/2004 for a path that its rule cannot place.
 */
export function planRoute(call: ReadCall, baseUrls: ReadonlyMap<string, string>): Attempt {
  const provider = findProvider(call.providerSlug);
  if (provider === null) throw new Refusal('providerInvalid');
  const target = provider.target({
    accountId: call.accountId,
    path: call.path,
    query: call.query,
    // Not the client's own headers: those may hold our token.
    header: (name) => call.headers.get(name),
    baseUrl: baseUrls.get(provider.slug) ?? null,
  });
  if ('problem' in target) throw new Refusal('requestInvalid', { message: target.problem });
  const { headers, trail } = call;
  for (const [name, value] of Object.entries(target.headers ?? {})) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  trail.provider = provider.slug;
  trail.modelAsked = call.asked.model ?? target.model ?? '';
  trail.format = provider.format(target.path);
  return { step: 0, provider, target, format: trail.format, headers };
}
