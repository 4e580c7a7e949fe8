import { Refusal, type SecretStore, type StoredSecret, type secretsStoreEndpoints } from '@headgate/contract';
import { isoTime } from '../lib/index.ts';
import type { Entry, SecretData } from '../stores/control-ports.ts';
import type { ApiDeps, Handlers } from './endpoint-handler.ts';
import { accountScope, compareText, found, paged } from './find.ts';

type Store = Entry<Record<string, never>>;
type Secret = Entry<SecretData>;

const EVERYTHING = { page: 1, perPage: Number.MAX_SAFE_INTEGER };

export function secretsStoreHandlers({ control }: ApiDeps): Handlers<typeof secretsStoreEndpoints> {
  const { secretStores, secrets } = control;
  const inStore = async ({ account_id, store_id }: { account_id: string; store_id: string }) => {
    await found(secretStores.get(accountScope(account_id), store_id), 'store');
    return { accountId: account_id, parent: store_id };
  };

  return {
    'secretsStore.quota': async ({ params }) => {
      const stores = await secretStores.list(accountScope(params.account_id), EVERYTHING);
      let usage = 0;
      for (const { id: parent, accountId } of stores.items) {
        usage += (await secrets.list({ accountId, parent }, { page: 1, perPage: 1 })).totalCount;
      }
      return { secrets: { quota: Number.MAX_SAFE_INTEGER, usage } };
    },
    'secretStores.list': async ({ params, query }) => {
      const { items, totalCount } = await secretStores.list(accountScope(params.account_id), {
        ...paged(query),
        compare: ordered(query, {
          name: (a: Store, b: Store) => compareText(a.name, b.name),
          created: (a: Store, b: Store) => a.createdAtMs - b.createdAtMs,
          modified: (a: Store, b: Store) => a.modifiedAtMs - b.modifiedAtMs,
        }),
      });
      return { items: items.map(wireStore), totalCount };
    },
    'secretStores.create': async ({ params, body, write }) =>
      wireStore(await secretStores.create(accountScope(params.account_id), { name: body.name, data: {} }, write)),
    'secretStores.get': async ({ params }) =>
      wireStore(await found(secretStores.get(accountScope(params.account_id), params.store_id), 'store')),
    'secretStores.delete': async ({ params, query, write }) => {
      const scope = accountScope(params.account_id);
      await control.atomically(async (stores) => {
        const inside = { accountId: params.account_id, parent: params.store_id };
        const { totalCount } = await stores.secrets.list(inside, { page: 1, perPage: 1 });
        if (totalCount > 0 && !query.force) {
          throw new Refusal('apiConflict', { message: 'store_not_empty: delete its secrets first, or use force=true' });
        }
        await found(stores.secretStores.remove(scope, params.store_id, write), 'store');
      });
      return null;
    },
    'secrets.list': async ({ params, query }) => {
      const wanted = query.search?.toLowerCase() ?? '';
      const { items, totalCount } = await secrets.list(await inStore(params), {
        ...paged(query),
        match: ({ name, data }) =>
          [name, data.comment].some((text) => text.toLowerCase().includes(wanted)) &&
          (query.scopes ?? []).every((scope) => data.scopes.includes(scope)),
        compare: ordered(query, {
          name: (a: Secret, b: Secret) => compareText(a.name, b.name),
          comment: (a: Secret, b: Secret) => compareText(a.data.comment, b.data.comment),
          created: (a: Secret, b: Secret) => a.createdAtMs - b.createdAtMs,
          modified: (a: Secret, b: Secret) => a.modifiedAtMs - b.modifiedAtMs,
          status: () => 0,
        }),
      });
      return { items: items.map(wireSecret), totalCount };
    },
    'secrets.create': async ({ params, body, write }) => {
      const scope = await inStore(params);
      return control.atomically(async (stores) => {
        const made: StoredSecret[] = [];
        for (const { name, comment = '', scopes, value } of body) {
          made.push(wireSecret(await stores.secrets.create(scope, { name, data: { comment, scopes, value } }, write)));
        }
        return made;
      });
    },
    'secrets.bulkDelete': async ({ params, body, write }) => {
      const scope = await inStore(params);
      await control.atomically(async (stores) => {
        for (const { id } of body) await found(stores.secrets.remove(scope, id, write), 'secret');
      });
      return null;
    },
    'secrets.get': async ({ params }) =>
      wireSecret(await found(secrets.get(await inStore(params), params.id), 'secret')),
    'secrets.edit': async ({ params, body, write }) => {
      const changed = secrets.update(await inStore(params), params.id, {
        ...write,
        to: ({ data }) => ({
          data: {
            comment: body.comment ?? data.comment,
            scopes: body.scopes ?? data.scopes,
            value: body.value ?? data.value,
          },
        }),
      });
      return wireSecret(await found(changed, 'secret'));
    },
    'secrets.delete': async ({ params, write }) => {
      await found(secrets.remove(await inStore(params), params.id, write), 'secret');
      return null;
    },
    'secrets.duplicate': async ({ params, body, write }) => {
      const scope = await inStore(params);
      const { data } = await found(secrets.get(scope, params.id), 'secret');
      const copy = { comment: body.comment ?? '', scopes: body.scopes, value: data.value };
      return wireSecret(await secrets.create(scope, { name: body.name, data: copy }, write));
    },
  };
}

function ordered<T, Field extends string>(
  { order, direction }: { order: Field; direction: 'asc' | 'desc' },
  by: Record<Field, (a: T, b: T) => number>,
): (a: T, b: T) => number {
  const compare = by[order];
  return direction === 'asc' ? compare : (a, b) => compare(b, a);
}

function wireStore({ id, accountId, name, createdAtMs, modifiedAtMs }: Store): SecretStore {
  return { id, account_id: accountId, name, created: isoTime(createdAtMs), modified: isoTime(modifiedAtMs) };
}

function wireSecret({ id, parent, name, data, createdAtMs, modifiedAtMs }: Secret): StoredSecret {
  return {
    id,
    store_id: parent,
    name,
    comment: data.comment,
    scopes: data.scopes,
    status: 'active',
    created: isoTime(createdAtMs),
    modified: isoTime(modifiedAtMs),
  };
}
