import { openControl, prepareDirectory } from '../compose.ts';
import { type Config, ConfigError } from '../config.ts';
import type { Permission } from '../stores/snapshot-ports.ts';
import type { ControlStore } from '../stores/sql/index.ts';

export interface CreateOptions {
  name: string;
  permissions: string;
  gateways?: string;
  expires?: string;
}

const PERMISSIONS: readonly Permission[] = ['read', 'edit', 'run', 'metadata-read'];

/** Makes a token in the data directory; a running server accepts it within a second. Prints only the value on stdout. */
export async function createToken(config: Config, options: CreateOptions): Promise<void> {
  const permissions = options.permissions.split(',').map((text) => permission(text.trim()));
  const expiresAtMs = options.expires === undefined ? null : Date.parse(options.expires);
  if (Number.isNaN(expiresAtMs)) throw new ConfigError('--expires: expected an ISO 8601 time');
  await withControl(config, async (control) => {
    const gateways = options.gateways?.split(',').map((id) => id.trim()) ?? null;
    const made = await control.tokens.create(config.accountId, {
      name: options.name,
      permissions,
      gateways,
      expiresAtMs,
    });
    console.error(`token ${made.token.id} (${permissions.join(', ')}); its value is shown this once:`);
    console.log(made.value);
  });
}

export function listTokens(config: Config): Promise<void> {
  return withControl(config, async (control) => {
    for (const token of await control.tokens.all(config.accountId)) {
      const expires =
        token.expiresAtMs === null ? 'never expires' : `until ${new Date(token.expiresAtMs).toISOString()}`;
      const gateways = token.gateways === null ? 'all gateways' : token.gateways.join(',');
      console.log([token.id, token.name, token.permissions.join(','), gateways, expires].join('\t'));
    }
  });
}

export function revokeToken(config: Config, id: string): Promise<void> {
  return withControl(config, async (control) => {
    if (!(await control.tokens.delete(config.accountId, id))) throw new ConfigError(`token ${id}: there is none`);
    console.error(`token ${id} is revoked`);
  });
}

async function withControl(config: Config, task: (control: ControlStore) => Promise<void>): Promise<void> {
  prepareDirectory(config.dataDir);
  const control = await openControl(config);
  try {
    await task(control);
  } finally {
    await control.close();
  }
}

function permission(text: string): Permission {
  const found = PERMISSIONS.find((name) => name === text);
  if (found === undefined) throw new ConfigError(`--permissions: "${text}" is none of ${PERMISSIONS.join(', ')}`);
  return found;
}
