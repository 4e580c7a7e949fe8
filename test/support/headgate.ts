import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIN } from './command.ts';

export interface HeadgateOptions {
  /** Further settings, e.g. `HEADGATE_PROVIDER_BASE_URLS`. Nothing else of this process's environment is passed on. */
  env?: Record<string, string>;
  /** Data directory of an earlier start, to go on from it; it is kept at the end. Default: a new one, removed at the end. */
  dataDir?: string;
  /** A command that becomes the process, e.g. a shell that sets limits first and then does `exec "$0" "$@"`. */
  launcher?: readonly string[];
  /** Told of the process as soon as there is one, long before it is ready. */
  onSpawn?: (process: Bun.Subprocess) => void;
}

export interface Headgate {
  /** `http://127.0.0.1:PORT`. */
  origin: string;
  adminToken: string;
  accountId: string;
  dataDir: string;
  process: Bun.Subprocess;
  /** Everything that the process has printed, both streams. */
  output(): string;
  /** Calls the management API below the account, e.g. `ai-gateway/gateways`, with the admin token. */
  api(method: string, path: string, body?: unknown): Promise<Response>;
  /**
   * Ends the process (SIGTERM unless told otherwise), waits for it and removes its directory. Resolves with the exit code;
   * null when a signal ended it. Rejects when it does not end within 15 seconds; it is killed then. May be called again.
   */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const READY_WITHIN_MS = 30_000;
const STOPPED_WITHIN_MS = 15_000;

/** Starts the real server as a process of its own, on a free port. Rejects with its output when it does not come up. */
export async function startHeadgate(options: HeadgateOptions = {}): Promise<Headgate> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'headgate-test-')));
  const env = {
    PATH: process.env.PATH ?? '',
    // Without it the server starts itself a second time, and a SIGKILL would end only the outer process.
    BUN_CONFIG_MAX_HTTP_REQUESTS: '16384',
    BUN_JSC_forceRAMSize: '536870912',
    HEADGATE_PORT: '0',
    HEADGATE_DATA_DIR: dataDir,
    HEADGATE_ADMIN_TOKEN: 'hg_admin-token-of-the-tests',
    HEADGATE_ACCOUNT_ID: 'local',
    ...options.env,
  };
  const child = Bun.spawn([...(options.launcher ?? []), process.execPath, MAIN, 'serve'], {
    // Away from the repository, whose `headgate.json` or `.env` is none of the tests' business.
    cwd: dataDir,
    env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  options.onSpawn?.(child);
  const printed = new Output();
  printed.read(child.stdout);
  printed.read(child.stderr);

  const cleanUp = async () => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    const ended = await within(STOPPED_WITHIN_MS, child.exited);
    if (ended === 'late') {
      child.kill('SIGKILL');
      await child.exited;
    }
    await cleanUp();
    if (ended === 'late') throw new Error(`headgate did not stop in time:\n${printed.text}`);
    return child.signalCode === null ? child.exitCode : null;
  };

  const came = await within(READY_WITHIN_MS, Promise.race([printed.found(/^listening on (\S+)$/m), child.exited]));
  if (typeof came !== 'object') {
    child.kill('SIGKILL');
    await child.exited;
    await cleanUp();
    throw new Error(`headgate did not start (${came === 'late' ? 'too slow' : `exit code ${came}`}):\n${printed.text}`);
  }
  const origin = came[1] ?? '';
  const { HEADGATE_ADMIN_TOKEN: adminToken, HEADGATE_ACCOUNT_ID: accountId } = env;
  return {
    origin,
    adminToken,
    accountId,
    dataDir,
    process: child,
    output: () => printed.text,
    api: (method, path, body) =>
      fetch(`${origin}/client/v4/accounts/${accountId}/${path}`, {
        method,
        headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    stop,
  };
}

/** What a process prints, and a way to wait for a line of it. */
class Output {
  text = '';
  #waiting: { pattern: RegExp; resolve: (match: RegExpExecArray) => void }[] = [];

  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.text += decoder.decode(chunk, { stream: true });
      for (const { pattern, resolve } of this.#waiting) {
        const match = pattern.exec(this.text);
        if (match !== null) resolve(match);
      }
    }
  }

  found(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve) => this.#waiting.push({ pattern, resolve }));
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | 'late'> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
  });
  const result = await Promise.race([work, late]);
  clearTimeout(timer);
  return result;
}
