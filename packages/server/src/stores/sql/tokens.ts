import { effectivePermissions, policiesFor } from '@headgate/contract';
import { hashToken } from '../../lib/index.ts';
import type { Actor, Collection, Entry, NewToken, TokenRecord, TokenStore, Write } from '../control-ports.ts';
import type { TokenData } from './kinds.ts';

const COMMAND_LINE: { actor: Actor } = { actor: { kind: 'system', id: 'cli', name: 'command line' } };
const START: { actor: Actor } = { actor: { kind: 'system', id: 'start', name: 'start' } };
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function tokenStore(tokens: Collection<TokenData>): TokenStore {
  return {
    create: (accountId, token, write = COMMAND_LINE) => create(tokens, { accountId, token }, write),
    all: async (accountId) => {
      const { items } = await tokens.list(scopeOf(accountId), { page: 1, perPage: Number.MAX_SAFE_INTEGER });
      return items.map(record);
    },
    get: async (accountId, id) => orNull(await tokens.get(scopeOf(accountId), id)),
    update: async (accountId, id, { write, ...change }) =>
      orNull(
        await tokens.update(scopeOf(accountId), id, {
          ...write,
          to: ({ data }) => {
            const { name: title = data.title, ...rest } = change;
            return { data: { ...data, ...rest, title } };
          },
        }),
      ),
    roll: async (accountId, id, write = COMMAND_LINE) => {
      const value = randomValue();
      const to = ({ data }: Entry<TokenData>) => ({ data: { ...data, hash: hashToken(value) } });
      return (await tokens.update(scopeOf(accountId), id, { ...write, to })) === null ? null : value;
    },
    delete: async (accountId, id, write = COMMAND_LINE) =>
      (await tokens.remove(scopeOf(accountId), id, write)) !== null,
  };
}

/** See `ControlStore.ensureAdminToken`. */
export async function ensureAdminToken(
  tokens: Collection<TokenData>,
  accountId: string,
  given: string | null,
): Promise<string | null> {
  // A fixed id, so that a new value replaces the old one.
  const id = `admin-${accountId}`;
  const existing = await tokens.get(scopeOf(accountId), id);
  if (existing !== null) {
    if (given !== null && existing.data.hash !== hashToken(given)) {
      const to = ({ data }: Entry<TokenData>) => ({ data: { ...data, hash: hashToken(given) } });
      await tokens.update(scopeOf(accountId), id, { ...START, to });
    }
    return null;
  }
  const token: NewToken = { name: 'Administrator', permissions: ['edit'], gateways: null };
  const made = await create(
    tokens,
    { accountId, id, token: given === null ? token : { ...token, value: given } },
    START,
  );
  return given === null ? made.value : null;
}

async function create(
  tokens: Collection<TokenData>,
  { accountId, id, token }: { accountId: string; id?: string; token: NewToken },
  write: Write,
): Promise<{ token: TokenRecord; value: string }> {
  const value = token.value ?? randomValue();
  const policies = token.policies ?? policiesFor(token.permissions, token.gateways, accountId);
  const data: TokenData = {
    title: token.name,
    permissions: effectivePermissions(policies),
    gateways: token.gateways,
    policies,
    disabled: false,
    expiresAtMs: token.expiresAtMs ?? null,
    notBeforeMs: token.notBeforeMs ?? null,
    hash: hashToken(value),
  };
  const entry = await tokens.create(scopeOf(accountId), id === undefined ? { data } : { id, data }, write);
  return { token: record(entry), value };
}

function scopeOf(accountId: string) {
  return { accountId, parent: '' };
}

function orNull(entry: Entry<TokenData> | null): TokenRecord | null {
  return entry === null ? null : record(entry);
}

function record({ id, accountId, data, createdAtMs, modifiedAtMs, version }: Entry<TokenData>): TokenRecord {
  const { title: name, hash: _hash, ...rest } = data;
  return { id, accountId, name, ...rest, createdAtMs, modifiedAtMs, version };
}

/** 40 letters and digits, 238 bits. The prefix lets secret scanners recognise a leaked token. */
function randomValue(): string {
  let text = '';
  while (text.length < 40) {
    for (const byte of crypto.getRandomValues(new Uint8Array(64))) {
      // Bytes from 248 on would make the first letters likelier than the others.
      if (byte < 248 && text.length < 40) text += ALPHABET[byte % 62];
    }
  }
  return `hg_${text}`;
}
