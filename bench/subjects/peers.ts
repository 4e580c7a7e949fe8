/** nginx as the floor, and other gateways where they can be installed. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNginxProxy } from '../load/nginx.ts';
import { freePort, startChild } from '../load/processes.ts';
import { firstLine } from '../load/tools.ts';
import { OPENAI_HEADERS, type Subject } from './subject.ts';

const FOLDER = join(import.meta.dir, '../.subjects');

export const nginx: Subject = {
  id: 'nginx',
  name: 'nginx, plain proxy',
  isWhole: true,
  prepare: async () => firstLine('nginx', '-v').replace(/^.*nginx\//, ''),
  async start(upstream) {
    const server = await startNginxProxy(upstream);
    return { ...server, url: `${server.origin}/v1/chat/completions`, headers: OPENAI_HEADERS, sameBody: false };
  },
};

export const portkey: Subject = {
  id: 'portkey',
  name: 'Portkey',
  isWhole: true,
  prepare: async () => installFromNpm('portkey', '@portkey-ai/gateway'),
  async start(upstream) {
    const port = await freePort();
    const script = join(FOLDER, 'portkey/node_modules/@portkey-ai/gateway/build/start-server.js');
    const child = await startChild(['node', script, '--headless', `--port=${port}`], {
      env: { NODE_ENV: 'production' },
      readyUrl: `http://127.0.0.1:${port}/`,
    });
    return {
      ...child,
      url: `http://127.0.0.1:${port}/v1/chat/completions`,
      headers: { ...OPENAI_HEADERS, 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `${upstream}/v1` },
      sameBody: false,
    };
  },
};

export const litellm: Subject = {
  id: 'litellm',
  name: 'LiteLLM',
  isWhole: true,
  async prepare() {
    const folder = join(FOLDER, 'litellm');
    const program = join(folder, 'bin/litellm');
    if (!existsSync(program)) {
      if (Bun.which('python3') === null) throw new Error('no python3 here');
      run('python3', '-m', 'venv', folder);
      run(join(folder, 'bin/pip'), 'install', '-q', 'litellm[proxy]');
    }
    return firstLine(join(folder, 'bin/pip'), 'list', '--format=freeze') === ''
      ? ''
      : (/^litellm==(.*)$/m.exec(
          spawnSync(join(folder, 'bin/pip'), ['list', '--format=freeze'], { encoding: 'utf8' }).stdout,
        )?.[1] ?? '');
  },
  async start(upstream) {
    const port = await freePort();
    const config = join(FOLDER, 'litellm.yaml');
    const parameters = { model: 'openai/gpt-5-mini', api_base: `${upstream}/v1`, api_key: 'sk-0123456789' };
    // YAML takes JSON.
    writeFileSync(config, JSON.stringify({ model_list: [{ model_name: 'gpt-5-mini', litellm_params: parameters }] }));
    const child = await startChild([join(FOLDER, 'litellm/bin/litellm'), '--config', config, '--port', String(port)], {
      // Its price list comes with the package, else it is fetched; on loopback it needs no key of its own.
      env: {
        LITELLM_LOCAL_MODEL_COST_MAP: 'True',
        LITELLM_LOG: 'ERROR',
        LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY: 'true',
      },
      cwd: FOLDER,
      readyUrl: `http://127.0.0.1:${port}/health/liveliness`,
      readyWithinMs: 120_000,
    });
    return {
      ...child,
      url: `http://127.0.0.1:${port}/v1/chat/completions`,
      headers: OPENAI_HEADERS,
      sameBody: false,
    };
  },
};

/** Its npm package only fetches the program from its maker's server, which many machines may not reach. */
export const bifrost: Subject = {
  id: 'bifrost',
  name: 'Bifrost',
  isWhole: true,
  async prepare() {
    const program = join(FOLDER, 'bin/bifrost-http');
    if (!existsSync(program)) {
      if (Bun.which('go') === null) throw new Error('no Go here');
      const env = { ...process.env, GOBIN: join(FOLDER, 'bin') };
      const args = ['install', 'github.com/maximhq/bifrost/transports/bifrost-http@latest'];
      const { status, stderr } = spawnSync('go', args, { env, encoding: 'utf8', timeout: 600_000 });
      if (status !== 0) throw new Error(`go ${args.join(' ')}: ${lastLine(stderr)}`);
    }
    return 'latest';
  },
  async start(upstream) {
    const port = await freePort();
    const folder = join(FOLDER, 'bifrost-data');
    mkdirSync(folder, { recursive: true });
    const keys = [{ name: 'bench', value: 'sk-0123456789', models: ['*'], weight: 1 }];
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ providers: { openai: { keys, network_config: { base_url: upstream } } } }),
    );
    const child = await startChild(
      [join(FOLDER, 'bin/bifrost-http'), '-app-dir', folder, '-port', String(port), '-log-level', 'error'],
      { readyUrl: `http://127.0.0.1:${port}/health` },
    );
    return {
      ...child,
      url: `http://127.0.0.1:${port}/openai/v1/chat/completions`,
      headers: OPENAI_HEADERS,
      sameBody: false,
    };
  },
};

function installFromNpm(name: string, packageName: string): string {
  const folder = join(FOLDER, name);
  const manifest = join(folder, 'node_modules', packageName, 'package.json');
  if (!existsSync(manifest)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    run('npm', 'install', '--prefix', folder, '--no-audit', '--no-fund', packageName);
  }
  return `${JSON.parse(readFileSync(manifest, 'utf8')).version} on Node ${firstLine('node', '--version')}`;
}

function run(command: string, ...args: string[]): void {
  process.stderr.write(`installing: ${command} ${args.join(' ')} …\n`);
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 600_000 });
  if (status !== 0) throw new Error(`${command}: ${error?.message ?? lastLine(stderr)}`);
}

const lastLine = (text: string) => text.trim().split('\n').at(-1)?.trim() ?? '';
