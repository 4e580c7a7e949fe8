import { readFileSync } from 'node:fs';
import { PROVIDERS } from '../../../packages/server/src/providers/index.ts';
import { gatewayBody } from '../../support/builders.ts';
import { startHeadgate } from '../../support/headgate.ts';
import { serveRaw } from '../../support/raw-http.ts';
import { answer } from '../../support/scripted.ts';
import type { Chance } from '../formats-random.ts';
import { mutate } from './mutate.ts';
import { type Hostile, requests } from './requests.ts';
import { bytesOf, exchange, type Reply } from './wire.ts';

const IN_FLIGHT = 16;
/** A provider that could not be reached, which a hostile address is allowed to be. */
const UNREACHABLE = '"internalCode":2005';
/** How the runtime answers to a request line that is none. */
const NOT_HTTP = 505;
const MEBIBYTE = 1024 * 1024;
/** What a server may take that has seen some of everything. */
const MAX_RESIDENT_BYTES = 512 * MEBIBYTE;

export interface Report {
  sent: number;
  /** Answers by the first digit of their status; `-`: the connection was closed without one. */
  answers: Map<string, number>;
  found: { request: Hostile; wrong: string }[];
}

/** What is wrong with an answer; null: nothing. None at all is right for bytes that are no request. */
export function wrongIn(reply: Reply | null): string | null {
  if (reply === null || reply.status < 500 || reply.status === NOT_HTTP) return null;
  return reply.body.includes(UNREACHABLE) ? null : `${reply.status} ${reply.body.slice(0, 300)}`;
}

/** A running server and a provider behind it. */
export interface Stage {
  /** Sends `count` hostile requests. */
  run(count: number, chance: Chance): Promise<Report>;
  /** What is wrong with the answer to this one; null: nothing. */
  wrongWith(request: Hostile): Promise<string | null>;
  /** What is wrong with the server by now: it does not answer, has printed a fault, has grown. */
  ailment(): Promise<string | null>;
  /** Valid requests, one of each kind. */
  valid: Hostile[];
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const body =
    '{"id":"c","model":"m","choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}';
  const upstream = await serveRaw((_request, connection) => connection.write(answer(200, body)));
  const baseUrls = Object.fromEntries(
    PROVIDERS.filter(({ slug }) => slug !== 'sandbox').map(({ slug }) => [slug, upstream.url]),
  );
  const headgate = await startHeadgate({ env: { HEADGATE_PROVIDER_BASE_URLS: JSON.stringify(baseUrls) } });
  await headgate.api('POST', 'ai-gateway/gateways', gatewayBody('fuzz', { cache_ttl: 60 }));
  const valid = requests(headgate.adminToken);
  const readyOutput = headgate.output().length;

  const judge = async (request: Hostile): Promise<[first: string, wrong: string | null]> => {
    try {
      const reply = await exchange(headgate.origin, bytesOf(request));
      return [reply === null ? '-' : `${Math.floor(reply.status / 100)}xx`, wrongIn(reply)];
    } catch (error) {
      return ['-', String(error)];
    }
  };

  return {
    valid,
    wrongWith: async (request) => (await judge(request))[1],
    async run(count, chance) {
      const report: Report = { sent: 0, answers: new Map(), found: [] };
      const worker = async () => {
        while (report.sent < count) {
          report.sent += 1;
          const request = mutate(chance.pick(valid), chance);
          const [first, wrong] = await judge(request);
          report.answers.set(first, (report.answers.get(first) ?? 0) + 1);
          if (wrong !== null) report.found.push({ request, wrong });
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
      return report;
    },
    async ailment() {
      const { exitCode } = headgate.process;
      if (exitCode !== null) return `it ended with ${exitCode}:\n${headgate.output()}`;
      const health = await fetch(`${headgate.origin}/healthz`).catch(String);
      if (typeof health === 'string' || !health.ok)
        return `its health is ${typeof health === 'string' ? health : health.status}`;
      const printed = headgate.output().slice(readyOutput);
      if (/^\s+at .+:\d+/m.test(printed)) return `it printed a fault:\n${printed.slice(0, 2000)}`;
      const resident = Number(readFileSync(`/proc/${headgate.process.pid}/statm`, 'utf8').split(' ')[1]) * 4096;
      return resident > MAX_RESIDENT_BYTES ? `it takes ${Math.round(resident / MEBIBYTE)} MiB` : null;
    },
    async close() {
      await headgate.stop();
      await upstream.stop();
    },
  };
}
