import type { cacheEndpoints } from '@headgate/contract';
import { findProvider } from '../providers/index.ts';
import type { PurgeSelection } from '../stores/cache-ports.ts';
import type { ApiDeps, Handlers } from './endpoint-handler.ts';
import { gatewayOf } from './find.ts';

export function cacheHandlers({ control, cache }: ApiDeps): Handlers<typeof cacheEndpoints> {
  return {
    'cache.purge': async ({ params, query: { key, model, provider } }) => {
      const selection: PurgeSelection = { gatewayKey: gatewayOf(control, params).key };
      if (key !== undefined) selection.customKey = key;
      if (model !== undefined) selection.model = model;
      // Answers are kept under the provider's own slug, whichever alias the call had.
      if (provider !== undefined) selection.provider = findProvider(provider)?.slug ?? provider;
      return { purged: await cache.purge(selection) };
    },
  };
}
