/** A data directory that outlives its servers, for tests that spoil it in between. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayBody } from '../support/builders.ts';
import { type Headgate, type HeadgateOptions, startHeadgate } from '../support/headgate.ts';

export class Scene {
  readonly #home: string;
  #running: Headgate | null = null;

  private constructor(
    readonly dataDir: string,
    home: string,
  ) {
    this.#home = home;
  }

  /** `dataDir`: where to keep the data; default a new directory. Whoever gives one removes it. */
  static async make(dataDir?: string): Promise<Scene> {
    const home = await mkdtemp(join(tmpdir(), 'headgate-disaster-'));
    return new Scene(dataDir ?? home, home);
  }

  file(name: string): string {
    return join(this.dataDir, name);
  }

  async start(options: HeadgateOptions = {}): Promise<Headgate> {
    this.#running = await startHeadgate({ dataDir: this.dataDir, ...options });
    return this.#running;
  }

  /** The first start of a new installation, with a gateway named `g`; the server runs. */
  async begin(settings: Record<string, unknown> = {}, options: HeadgateOptions = {}): Promise<Headgate> {
    const headgate = await this.start(options);
    const made = await headgate.api('POST', 'ai-gateway/gateways', gatewayBody('g', settings));
    if (made.status !== 200) throw new Error(`no gateway was made: ${await made.text()}`);
    return headgate;
  }

  /** Starts a server that is to end by itself, and gives the exit code and what it printed. */
  async fail(options: HeadgateOptions = {}): Promise<{ code: number; printed: string }> {
    const started = await this.start(options).catch((error: Error) => error);
    if (!(started instanceof Error)) throw new Error(`it serves: ${started.output()}`);
    const found = /^headgate did not start \(exit code (\d+)\):\n([\s\S]*)$/.exec(started.message);
    if (found === null) throw started;
    return { code: Number(found[1]), printed: found[2] ?? '' };
  }

  async stop(): Promise<number | null> {
    const code = await this.#running?.stop();
    this.#running = null;
    return code ?? null;
  }

  async dispose(): Promise<void> {
    await this.#running?.stop('SIGKILL');
    await chmod(this.#home, 0o700);
    await rm(this.#home, { recursive: true, force: true });
  }
}

export interface CallOptions {
  content?: string;
  headers?: Record<string, string>;
}

/** A call of gateway `g` to the built-in provider; the body is read. Rejects when there is no answer. */
export async function call(headgate: Headgate, { content = 'hello', headers = {} }: CallOptions = {}) {
  const response = await fetch(`${headgate.origin}/v1/local/g/sandbox/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'cf-aig-authorization': `Bearer ${headgate.adminToken}`,
      ...headers,
    },
    body: JSON.stringify({ model: 'echo', messages: [{ role: 'user', content }] }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
