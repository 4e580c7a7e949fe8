/** Faults of the wall in TLS: against a process of its own, which trusts one authority beside the usual ones. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificate, makeAuthority, makeCertificate } from '../support/certificates.ts';
import { type Headgate, startHeadgate } from '../support/headgate.ts';
import type { Seen } from './wall-scene.ts';

interface TlsFault extends Seen {
  fault: string;
  /** The provider that has the fault. */
  slug: string;
}

const FAULTS: readonly TlsFault[] = [
  {
    fault: 'TLS without a fault, for comparison',
    slug: 'openai',
    client: '200 as sent',
    upstream: '1 request',
    log: 'success 200',
  },
  {
    fault: 'a certificate signed by itself',
    slug: 'anthropic',
    client: '502/2005 tls',
    upstream: '0 requests',
    log: 'error 502 tls',
  },
  {
    fault: 'a certificate of another host',
    slug: 'groq',
    client: '502/2005 tls',
    upstream: '0 requests',
    log: 'error 502 tls',
  },
  {
    fault: 'plain HTTP on the port of TLS',
    slug: 'mistral',
    client: '502/2005 tls',
    upstream: '0 requests',
    log: 'error 502 tls',
  },
];

export interface TlsRow extends TlsFault {
  play(): Promise<Seen>;
}

/** Starts the providers and a process that knows them. `close` ends all. */
export async function openTlsStage(): Promise<{ rows: TlsRow[]; close: () => Promise<void> }> {
  const authority = makeAuthority();
  const asked = new Map<string, number>();
  const secure = (slug: string, certificate: Certificate) =>
    Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      tls: certificate,
      fetch: () => {
        asked.set(slug, (asked.get(slug) ?? 0) + 1);
        return new Response('{}', { headers: { 'content-type': 'application/json' } });
      },
    });
  const servers = [
    secure('openai', makeCertificate(['localhost'], authority)),
    secure('anthropic', makeCertificate(['localhost'])),
    secure('groq', makeCertificate(['other.example'], authority)),
  ] as const;
  const plain = await plainHttp();
  const directory = await mkdtemp(join(tmpdir(), 'headgate-tls-'));
  await Bun.write(join(directory, 'authority.pem'), authority.cert);
  const [openai, anthropic, groq] = servers.map(({ port }) => `https://localhost:${port}`);
  const headgate = await startHeadgate({
    env: {
      NODE_EXTRA_CA_CERTS: join(directory, 'authority.pem'),
      HEADGATE_PROVIDER_BASE_URLS: JSON.stringify({ openai, anthropic, groq, mistral: plain.url }),
    },
  });
  return {
    rows: FAULTS.map((fault) => ({ ...fault, play: () => play(fault, { headgate, asked }) })),
    close: async () => {
      await headgate.stop();
      for (const server of servers) server.stop(true);
      plain.server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function play({ slug }: TlsFault, { headgate, asked }: Playing): Promise<Seen> {
  const response = await fetch(`${headgate.origin}/v1/local/default/${slug}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'cf-aig-authorization': `Bearer ${headgate.adminToken}` },
    body: '{"model":"m"}',
  });
  const text = await response.text();
  const own = response.ok ? null : (JSON.parse(text) as { internalCode: number; message: string });
  const client =
    own === null
      ? `${response.status} ${text === '{}' ? 'as sent' : 'other bytes'}`
      : `${response.status}/${own.internalCode} ${/\((.*)\)$/.exec(own.message)?.[1]}`;
  const requests = asked.get(slug) ?? 0;
  return {
    client,
    upstream: `${requests} request${requests === 1 ? '' : 's'}`,
    log: await logged(headgate, response.headers.get('cf-aig-log-id') ?? ''),
  };
}

interface Playing {
  headgate: Headgate;
  asked: ReadonlyMap<string, number>;
}

/** The row as soon as it is there: within 100 ms, by the durability rule; many times that is waited. */
async function logged(headgate: Headgate, id: string): Promise<string> {
  const until = performance.now() + 10_000;
  for (;;) {
    const answer = await headgate.api('GET', `ai-gateway/gateways/default/logs/${id}`);
    if (answer.ok) {
      const { result } = (await answer.json()) as { result: LoggedRow };
      return `${result.outcome} ${result.status_code}${result.error === null ? '' : ` ${result.error.code}`}`;
    }
    if (performance.now() > until) return 'no row';
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface LoggedRow {
  outcome: string;
  status_code: number;
  error: { code: string } | null;
}

/** Answers whatever comes as a web server without TLS does. */
function plainHttp(): Promise<{ url: string; server: Server }> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'));
      socket.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : 0;
      resolve({ url: `https://localhost:${port}`, server });
    });
  });
}
