import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ACCOUNT_ID } from '@headgate/contract';
import { hostMatcher, Secret } from './lib/index.ts';
import { parseProviderKeys } from './providers/index.ts';

/**
 * Process configuration: the environment first, then `headgate.json`, then the default. One table row per setting;
 * `docs/config.md` lists the same rows, and a test keeps the two equal. Only this file reads `process.env`.
 */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly accountId: string;
  readonly adminToken: Secret | null;
  readonly masterKey: Secret | null;
  readonly publicUrl: string | null;
  readonly providerBaseUrls: ReadonlyMap<string, string>;
  readonly providerKeys: ReadonlyMap<string, Secret>;
  readonly egressAllow: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly logDurability: 'relaxed' | 'strict';
  readonly maxBodyBytes: number;
  readonly maxLogBodyBytes: number;
  readonly captureBytes: number;
  readonly cacheMemoryBytes: number;
  readonly cacheDiskBytes: number;
  readonly upstreamTimeoutMs: number;
  readonly upstreamIdleTimeoutMs: number;
  readonly drainMs: number;
  readonly serverTiming: boolean;
  readonly metricsToken: Secret | null;
}

/** A setting that cannot be used. Its message is one line that names the setting. */
export class ConfigError extends Error {}

interface Setting<T> {
  /** Environment name; the key in `headgate.json` is the same in camel case without `HEADGATE_`. */
  readonly env: string;
  readonly fallback: T;
  /** Turns the text into a value or throws an Error that says what was expected. */
  readonly parse: (text: string) => T;
}

const MEBIBYTE = 1024 * 1024;

const SETTINGS: { readonly [K in keyof Config]: Setting<Config[K]> } = {
  host: { env: 'HEADGATE_HOST', fallback: '127.0.0.1', parse: nonEmpty },
  port: { env: 'HEADGATE_PORT', fallback: 8787, parse: integer(0, 65_535) },
  dataDir: { env: 'HEADGATE_DATA_DIR', fallback: './data', parse: nonEmpty },
  accountId: { env: 'HEADGATE_ACCOUNT_ID', fallback: 'local', parse: accountId },
  adminToken: { env: 'HEADGATE_ADMIN_TOKEN', fallback: null, parse: token },
  masterKey: { env: 'HEADGATE_MASTER_KEY', fallback: null, parse: masterKey },
  publicUrl: { env: 'HEADGATE_PUBLIC_URL', fallback: null, parse: httpUrl },
  providerBaseUrls: { env: 'HEADGATE_PROVIDER_BASE_URLS', fallback: new Map(), parse: urlMap },
  providerKeys: { env: 'HEADGATE_PROVIDER_KEYS', fallback: new Map(), parse: parseProviderKeys },
  egressAllow: { env: 'HEADGATE_EGRESS_ALLOW', fallback: [], parse: hostList },
  corsOrigins: { env: 'HEADGATE_CORS_ORIGINS', fallback: ['*'], parse: list },
  logDurability: { env: 'HEADGATE_LOG_DURABILITY', fallback: 'relaxed', parse: oneOf('relaxed', 'strict') },
  maxBodyBytes: { env: 'HEADGATE_MAX_BODY_BYTES', fallback: 100 * MEBIBYTE, parse: integer(1, 2 ** 31) },
  maxLogBodyBytes: { env: 'HEADGATE_MAX_LOG_BODY_BYTES', fallback: 10 * MEBIBYTE, parse: integer(0, 2 ** 31) },
  captureBytes: { env: 'HEADGATE_CAPTURE_BYTES', fallback: 256 * MEBIBYTE, parse: integer(0, 2 ** 40) },
  cacheMemoryBytes: { env: 'HEADGATE_CACHE_MEMORY_BYTES', fallback: 64 * MEBIBYTE, parse: integer(0, 2 ** 40) },
  cacheDiskBytes: { env: 'HEADGATE_CACHE_DISK_BYTES', fallback: 1024 * MEBIBYTE, parse: integer(0, 2 ** 50) },
  upstreamTimeoutMs: { env: 'HEADGATE_UPSTREAM_TIMEOUT_MS', fallback: 600_000, parse: integer(1, 2 ** 31 - 1) },
  upstreamIdleTimeoutMs: {
    env: 'HEADGATE_UPSTREAM_IDLE_TIMEOUT_MS',
    fallback: 300_000,
    parse: integer(1, 2 ** 31 - 1),
  },
  drainMs: { env: 'HEADGATE_DRAIN_MS', fallback: 30_000, parse: integer(0, 600_000) },
  serverTiming: { env: 'HEADGATE_SERVER_TIMING', fallback: true, parse: (text) => oneOf('on', 'off')(text) === 'on' },
  metricsToken: { env: 'HEADGATE_METRICS_TOKEN', fallback: null, parse: token },
};

/** Environment names of all settings. */
export const SETTING_NAMES: readonly string[] = Object.values(SETTINGS).map((setting) => setting.env);

/**
 * Reads the configuration.
 * @param warn told of unknown `HEADGATE_…` names: a misspelt setting must not pass in silence.
 * @throws ConfigError naming the setting; also for an unknown key in the file.
 */
export function readConfig(
  env: Record<string, string | undefined> = process.env,
  warn: (line: string) => void = () => undefined,
): Config {
  const fromFile = readFile(env.HEADGATE_CONFIG ?? 'headgate.json', env.HEADGATE_CONFIG !== undefined);
  reportUnknown(env, fromFile, warn);
  const config: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS) as [string, Setting<unknown>][]) {
    const text = env[setting.env] ?? textOf(fromFile[name]);
    config[name] = text === undefined || text === '' ? setting.fallback : parse(setting, text);
  }
  config.dataDir = resolve(String(config.dataDir));
  return Object.freeze(config) as unknown as Config;
}

function parse(setting: Setting<unknown>, text: string): unknown {
  try {
    return setting.parse(text);
  } catch (error) {
    throw new ConfigError(`${setting.env}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Names with the prefix that are no settings: the place of the file, and what the commands that call a server read. */
const OTHER_NAMES = new Set(['HEADGATE_CONFIG', 'HEADGATE_URL', 'HEADGATE_TOKEN']);

function reportUnknown(
  env: Record<string, string | undefined>,
  fromFile: Record<string, unknown>,
  warn: (line: string) => void,
): void {
  for (const name of Object.keys(env)) {
    if (!name.startsWith('HEADGATE_') || OTHER_NAMES.has(name) || SETTING_NAMES.includes(name)) continue;
    warn(`${name}: there is no such setting`);
  }
  for (const key of Object.keys(fromFile)) {
    if (!(key in SETTINGS)) throw new ConfigError(`headgate.json: there is no setting "${key}"`);
  }
}

function readFile(path: string, mustExist: boolean): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!mustExist && (error as { code?: string }).code === 'ENOENT') return {};
    throw new ConfigError(`${path}: cannot be read (${(error as { code?: string }).code ?? 'unknown error'})`);
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {
    throw new ConfigError(`${path}: is not valid JSON`);
  }
  throw new ConfigError(`${path}: must hold a JSON object`);
}

/** File values may be JSON of any type; settings parse text. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function nonEmpty(text: string): string {
  return text;
}

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new Error(`expected a whole number from ${min} to ${max}, got "${text}"`);
    }
    return value;
  };
}

function oneOf<const T extends string>(...choices: T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new Error(`expected ${choices.join(' or ')}, got "${text}"`);
    return found;
  };
}

function list(text: string): string[] {
  return text === 'none'
    ? []
    : text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
}

/** Names, addresses and CIDRs; what cannot be one is refused here rather than at the first call. */
function hostList(text: string): string[] {
  const hosts = list(text);
  hostMatcher(hosts);
  return hosts;
}

function accountId(text: string): string {
  if (!ACCOUNT_ID.test(text)) throw new Error('expected 1 to 64 letters, digits, "-" or "_"');
  return text;
}

function token(text: string): Secret {
  if (!/^[\x21-\x7e]{8,256}$/.test(text)) throw new Error('expected 8 to 256 printable characters without spaces');
  return new Secret(text);
}

function masterKey(text: string): Secret {
  if (Buffer.from(text, 'base64').byteLength !== 32) throw new Error('expected 32 bytes in base64');
  return new Secret(text);
}

function httpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new Error('expected an http or https URL');
  return text.replace(/\/+$/, '');
}

function urlMap(text: string): ReadonlyMap<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error('expected JSON like {"openai": "https://…"}');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Error('expected a JSON object of provider slugs and URLs');
  }
  const urls = new Map<string, string>();
  for (const [slug, url] of Object.entries(parsed)) {
    // Variables in braces stand for host or path parts; they are filled in per call.
    const sample =
      typeof url === 'string' ? url.replace(/\{(account|resource|deployment|region|service|model)\}/g, 'x') : '';
    const valid = URL.parse(sample);
    if (valid === null || !/^https?:$/.test(valid.protocol) || /[{}]/.test(sample)) {
      throw new Error(`"${slug}": expected an http or https URL`);
    }
    urls.set(slug, String(url).replace(/\/+$/, ''));
  }
  return urls;
}
