import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';
import type { Vault } from './vault.ts';

/** The fact that the master key opens, or does not. It is another text after every change of the key. */
export const MASTER_KEY_CHECK = 'master_key_check';

/** The database was made with another master key. */
export class WrongMasterKey extends Error {}

/**
 * Fails early and clearly instead of at the first secret. Returns the text that stands for the key.
 * @throws WrongMasterKey.
 */
export async function checkMasterKey(db: Kysely<Tables>, vault: Vault): Promise<string> {
  const name = MASTER_KEY_CHECK;
  const stored = await readMasterKeyCheck(db);
  if (stored === null) {
    const value = vault.seal(name, name);
    await db.insertInto('facts').values({ name, value }).execute();
    return value;
  }
  try {
    vault.open(stored, name);
  } catch (cause) {
    throw new WrongMasterKey('The master key is not the one that the control database was made with', { cause });
  }
  return stored;
}

export async function readMasterKeyCheck(db: Kysely<Tables>): Promise<string | null> {
  const fact = await db.selectFrom('facts').select('value').where('name', '=', MASTER_KEY_CHECK).executeTakeFirst();
  return fact?.value ?? null;
}
