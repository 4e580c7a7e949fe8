/** nginx, as the upstream that answers a recorded completion and as the reverse proxy that is the floor. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd, freePort, startChild } from './processes.ts';

export interface Server {
  pid: number;
  /** `http://127.0.0.1:PORT`. */
  origin: string;
  stop(): Promise<void>;
}

const COMPLETION = readFileSync(join(import.meta.dir, '../fixtures/completion.json'), 'utf8').trim();
/** Of those that the provider sends, enough to be as large a head. */
const HEADERS = {
  'openai-organization': 'organisation',
  'openai-processing-ms': '3811',
  'openai-version': '2020-10-01',
  'x-ratelimit-limit-requests': '10000',
  'x-ratelimit-limit-tokens': '10000000',
  'x-ratelimit-remaining-requests': '9999',
  'x-ratelimit-remaining-tokens': '9999995',
  'x-request-id': 'req_7f88d02cc5cd40f8923bbbfe9ade721a',
  'cf-cache-status': 'DYNAMIC',
};

/** Answers everything at once with the recorded completion. */
export function startJsonUpstream(): Promise<Server> {
  const headers = Object.entries(HEADERS).map(([name, value]) => `add_header ${name} "${value}";`);
  return startNginx(`
    location / {
      default_type application/json;
      ${headers.join(' ')}
      return 200 '${COMPLETION.replace(/[\\']/g, '\\$&')}';
    }`);
}

/** The plain reverse proxy: one worker, kept connections to `upstream`, pieces passed on as they come. */
export function startNginxProxy(upstream: string): Promise<Server> {
  return startNginx(
    `
    location / {
      proxy_pass http://upstream;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }`,
    `upstream upstream { server ${upstream.replace('http://', '')}; keepalive 1024; keepalive_requests 1000000000; }`,
  );
}

async function startNginx(server: string, upstream = ''): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-bench-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${directory}/${name};`,
  );
  writeFileSync(
    join(directory, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off; worker_processes 1; pid ${directory}/pid; error_log ${directory}/error.log crit;
worker_rlimit_nofile 20000;
events { worker_connections 10000; }
http {
  access_log off; keepalive_requests 1000000000; tcp_nodelay on;
  client_max_body_size 0; client_body_buffer_size 8m;
  ${temporary.join(' ')}
  ${upstream}
  server { listen 127.0.0.1:${port} backlog=8192; location = /bench-ready { return 204; } ${server} }
}
`,
  );
  const remove = atEnd(() => rmSync(directory, { recursive: true, force: true }));
  const origin = `http://127.0.0.1:${port}`;
  const child = await startChild(
    ['nginx', '-e', `${directory}/error.log`, '-p', directory, '-c', `${directory}/nginx.conf`],
    { readyUrl: `${origin}/bench-ready` },
  );
  return {
    pid: child.pid,
    origin,
    async stop() {
      await child.stop();
      await remove();
    },
  };
}
