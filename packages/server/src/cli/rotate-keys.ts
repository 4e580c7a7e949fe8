import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { controlFile, lockDirectory, openControl, prepareDirectory } from '../compose.ts';
import { type Config, ConfigError } from '../config.ts';
import { newMasterKey, promoteNextKey, withMasterKey, writeNextKey } from '../master-key.ts';
import { rotateMasterKey } from '../stores/sql/index.ts';

interface RotateOptions {
  newKey?: string;
}

/** Adds `headgate keys rotate` to the commands for stored keys. */
export function addRotateCommand(headgate: Command, configuration: () => Config): void {
  const keys = headgate.commands.find((command) => command.name() === 'keys') ?? headgate.command('keys');
  keys
    .command('rotate')
    .description('replace the master key that encrypts all secrets, while no server runs on the data directory')
    .option('--new-key <key>', '32 bytes in base64, or a file that holds them; left out: a random key')
    .action((options: RotateOptions) => rotateKeys(configuration(), options));
}

/**
 * Wraps every stored secret with a new master key. Cut off at any point, the next start finds a key that works.
 * @throws ConfigError when a server runs, or the new key can't be used.
 */
async function rotateKeys(config: Config, { newKey }: RotateOptions): Promise<void> {
  const isKept = config.masterKey === null;
  if (newKey === undefined && !isKept) {
    throw new ConfigError('--new-key: needed, because HEADGATE_MASTER_KEY is set: no file keeps the key');
  }
  const to = newKey === undefined ? newMasterKey() : readNewKey(newKey);
  prepareDirectory(config.dataDir);
  const release = lockDirectory(config.dataDir);
  try {
    // Also finishes a rotation that was cut off.
    await (await openControl(config)).close();
    const count = await withMasterKey(config.dataDir, config.masterKey, async (from) => {
      if (Buffer.from(from).equals(to)) throw new ConfigError('--new-key: this is the key in use');
      if (isKept) writeNextKey(config.dataDir, to);
      return rotateMasterKey({ file: controlFile(config), from, to });
    });
    if (isKept) promoteNextKey(config.dataDir);
    console.error(`the master key is replaced; ${count} encrypted records are wrapped with the new one`);
    if (!isKept) console.error('set HEADGATE_MASTER_KEY to the new key before the next start');
  } finally {
    release();
  }
}

const BASE64_KEY = /^[A-Za-z0-9+/]{43}=$/;

function readNewKey(given: string): Uint8Array {
  const text = BASE64_KEY.test(given) ? given : readText(given).trim();
  if (!BASE64_KEY.test(text))
    throw new ConfigError('--new-key: expected 32 bytes in base64, or a file that holds them');
  return Buffer.from(text, 'base64');
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The text may be a mistyped key: it is not repeated.
    throw new ConfigError('--new-key: neither 32 bytes in base64 nor a file that can be read');
  }
}
