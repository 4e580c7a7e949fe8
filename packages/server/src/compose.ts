import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Database, SQLiteError } from 'bun:sqlite';
import { createApi } from './api/index.ts';
import { type Config, ConfigError } from './config.ts';
import { createGateway, OwnTokens } from './gateway/index.ts';
import { createApp, createEgress, type Listener, type LocalHandler, listen, startHttpClient } from './http/index.ts';
import { createEvaluationJob, createRepriceJob } from './jobs/index.ts';
import { hostMatcher, keepMemoryLow, Metrics, processMemory, systemClock, uuidV7Source } from './lib/index.ts';
import { withMasterKey } from './master-key.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { createPriceBooks } from './pricing/index.ts';
import { createAuthorizer, findProvider } from './providers/index.ts';
import { createSandbox } from './sandbox/index.ts';
import { type ControlStore, DamagedDatabase, MigrationError, openControlStore } from './stores/sql/index.ts';
import { openSqliteCounters } from './stores/counters/index.ts';
import { openAnswerCache } from './stores/cache/index.ts';
import { openSegmentLogStore } from './stores/segments/index.ts';
import type { AnswerCache } from './stores/cache-ports.ts';
import type { CounterStore } from './stores/counter-ports.ts';
import type { LogStore } from './stores/log-ports.ts';
import { createTokenCounter } from './tokens/index.ts';
import { VERSION } from './version.ts';

/** The only file that builds things: everything else gets what it needs handed in. */
export interface Runtime {
  readonly origin: string;
  /** The admin token, when this start made it; null later. */
  readonly newAdminToken: string | null;
  /** Stops accepting, lets running calls end, writes what is queued, closes the stores. True when all calls ended in time. */
  shutdown(): Promise<boolean>;
}

/** @throws ConfigError with one line that names the setting: port in use, directory not writable, unreadable key. */
export async function compose(config: Config): Promise<Runtime> {
  prepareDirectory(config.dataDir);
  const release = lockDirectory(config.dataDir);
  const control = await openControl(config);
  const logs = await openLogs(config);
  const cache = await openCache(config);
  const counters = await openCounters(config);
  const mayBePrivate = hostMatcher(config.egressAllow);
  const send = createEgress({ local: localHandlers(), mayBePrivate });
  const baseUrls = bySlug(config.providerBaseUrls);
  const metrics = new Metrics();
  const prices = createPriceBooks((accountId) => control.snapshot.prices(accountId));
  const tokens = createTokenCounter({
    clock: systemClock,
    onProblem: (error) => report(error, 'counting tokens'),
  });
  const gateway = createGateway({
    clock: systemClock,
    newId: uuidV7Source(),
    control: control.snapshot,
    logs,
    ownTokens: new OwnTokens(config.adminToken === null ? [] : [config.adminToken.reveal()]),
    cache,
    counters,
    prices,
    tokens,
    metrics,
    send,
    authorizer: createAuthorizer({ clock: systemClock, send, baseUrls }),
    operatorKeys: config.providerKeys,
    random: Math.random,
    settings: {
      maxBodyBytes: config.maxBodyBytes,
      maxLogBodyBytes: config.maxLogBodyBytes,
      captureBytes: config.captureBytes,
      firstByteTimeoutMs: config.upstreamTimeoutMs,
      idleTimeoutMs: config.upstreamIdleTimeoutMs,
      durability: config.logDurability,
      baseUrls,
      serverTiming: config.serverTiming,
    },
    report,
  });
  addProcessMetrics(metrics, {
    logs,
    cache,
    counters,
    activeAttempts: gateway.active,
    version: VERSION,
    startedAtMs: systemClock.nowMs(),
  });
  const evaluations = createEvaluationJob({ control, logs, clock: systemClock, report });
  evaluations.wake();
  const reprices = createRepriceJob({ control, logs, prices, clock: systemClock, report });
  await reprices.recover();
  const app = createApp({
    gateway,
    api: createApi({
      control,
      logs,
      cache,
      clock: systemClock,
      publicOrigin: (request) => config.publicUrl ?? originOf(request),
      version: VERSION,
      mayBePrivate,
      evaluationsWaiting: () => evaluations.wake(),
      evaluationProgress: (id) => evaluations.progress(id),
      repricesWaiting: () => reprices.wake(),
      repriceProgress: (id) => reprices.progress(id),
      report,
    }),
    accountId: config.accountId,
    cors: { origins: config.corsOrigins },
    notReady: () => logs.health().lastError,
    metrics: { metrics, token: config.metricsToken },
    version: VERSION,
  });
  const listener = open(app, config);
  await startHttpClient(listener.origin);
  // Not before the port is ours: a token that is made is shown once.
  const newAdminToken = await control.ensureAdminToken(config.adminToken?.reveal() ?? null);
  const stopKeeping = keepMemoryLow(
    systemClock,
    processMemory({ endedStreams: gateway.endedStreams, calls: gateway.active }),
  );
  return {
    origin: listener.origin,
    newAdminToken,
    async shutdown() {
      const inTime = await listener.drain(config.drainMs);
      stopKeeping();
      await evaluations.stop();
      await reprices.stop();
      tokens.close();
      await logs.flush();
      await logs.close();
      await cache.close();
      counters.close();
      await control.close();
      release();
      return inTime;
    },
  };
}

/** Opens the control store alone, as the commands that run beside a server do. */
export async function openControl(config: Config): Promise<ControlStore> {
  const file = controlFile(config);
  const options = { file, clock: systemClock, ids: uuidV7Source(), accountId: config.accountId };
  try {
    return await withMasterKey(config.dataDir, config.masterKey, (masterKey) =>
      openControlStore({ ...options, masterKey }),
    );
  } catch (error) {
    if (error instanceof MigrationError || error instanceof ConfigError) throw error;
    if (error instanceof DamagedDatabase) {
      throw new ConfigError(
        `HEADGATE_DATA_DIR: ${file} is damaged (${error.message}): put a backup of it in its place, or move it away to start with an empty configuration`,
      );
    }
    throw cannotOpen(file, error);
  }
}

export function controlFile({ dataDir }: Config): string {
  return join(dataDir, 'control.db');
}

/** One line on standard error; never a secret, never a body. */
export function report(error: unknown, context: string): void {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  console.error(`headgate: ${context}: ${text}`);
}

function openLogs(config: Config): Promise<LogStore> {
  const directory = join(config.dataDir, 'logs');
  const onProblem = (line: string) => console.error(`headgate: logs: ${line}`);
  return opening(directory, () => openSegmentLogStore({ directory, clock: systemClock, onProblem }));
}

function openCache(config: Config): Promise<AnswerCache> {
  const file = join(config.dataDir, 'cache.db');
  const { cacheMemoryBytes: memoryBytes, cacheDiskBytes: diskBytes } = config;
  const onProblem = (line: string) => console.error(`headgate: cache: ${line}`);
  return opening(file, () => openAnswerCache({ file, clock: systemClock, memoryBytes, diskBytes, onProblem }));
}

async function openCounters(config: Config): Promise<CounterStore> {
  const file = join(config.dataDir, 'counters.db');
  const counters = await opening(file, () => openSqliteCounters({ file, clock: systemClock }));
  const { setAside } = counters.health();
  if (setAside !== null) {
    console.error(
      `headgate: limits: ${file} is damaged and set aside as ${setAside}: what was counted starts from nothing`,
    );
  }
  return counters;
}

/** @throws ConfigError when `open` fails: what is missing is a right or room, which the operator can give. */
async function opening<T>(path: string, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw cannotOpen(path, error);
  }
}

function cannotOpen(path: string, error: unknown): ConfigError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ConfigError(`HEADGATE_DATA_DIR: cannot open ${path} (${reason})`);
}

/** Replacement bases under the providers' own slugs; an alias in the setting means the same provider. */
function bySlug(urls: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...urls].map(([slug, url]) => [findProvider(slug)?.slug ?? slug, url]));
}

function localHandlers(): Map<string, LocalHandler> {
  const sandbox = createSandbox({ clock: systemClock });
  return new Map([
    [
      'sandbox',
      ({ url, method, headers, body, signal }) => {
        const path = url.slice('sandbox:'.length).split('?', 1)[0] ?? '';
        return sandbox({ method, path, headers, body: body ?? new Uint8Array(0), signal });
      },
    ],
  ]);
}

function open(app: Parameters<typeof listen>[0], config: Config): Listener {
  try {
    return listen(app, { host: config.host, port: config.port, clock: systemClock, report });
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === 'EADDRINUSE') throw new ConfigError(`HEADGATE_PORT: ${config.host}:${config.port} is in use`);
    throw new ConfigError(
      `HEADGATE_HOST, HEADGATE_PORT: cannot listen on ${config.host}:${config.port} (${code ?? String(error)})`,
    );
  }
}

export function prepareDirectory(dataDir: string): void {
  // Bodies and hashes are the owner's business only.
  process.umask(0o077);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const probe = join(dataDir, '.writable');
    writeFileSync(probe, '');
  } catch (error) {
    throw new ConfigError(
      `HEADGATE_DATA_DIR: cannot write to ${dataDir} (${(error as { code?: string }).code ?? 'unknown error'})`,
    );
  }
}

/** Two servers on one directory would write over each other. The lock is the kernel's: it goes when the process does. */
export function lockDirectory(dataDir: string): () => void {
  const file = join(dataDir, 'lock.db');
  let lock: Database | null = null;
  try {
    lock = new Database(file);
    lock.run('PRAGMA busy_timeout = 0');
    lock.run('BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    const isLocked = error instanceof SQLiteError && error.code?.startsWith('SQLITE_BUSY');
    if (!isLocked) throw cannotOpen(file, error);
    throw new ConfigError(`HEADGATE_DATA_DIR: ${dataDir} is in use by another headgate process`);
  }
  return () => lock.close();
}

function originOf(request: Request): string {
  const end = request.url.indexOf('/', 8);
  return request.url.slice(0, end);
}
