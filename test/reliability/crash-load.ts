/** The load of a crash round: calls of all kinds, and changes of all kinds, from many clients at once. */
import { gatewayBody } from '../support/builders.ts';
import type { Headgate } from '../support/headgate.ts';
import type { Ledger, Sent } from './crash-ledger.ts';
import { answerTo, type Asked, bodyOf, type Model } from './upstream.ts';

/** So many that no round reaches it. */
export const RATE_LIMIT = 1_000_000;
/** A call of the limited gateway costs one unit; the limit is a power of two of them. */
export const UNIT_DOLLARS = 0.001;
export const LIMIT_UNITS = 2 ** 17;
/** A stored answer and one call per key are enough to see a mix. */
const CACHE_KEYS = 24;
const CALLERS = 10;

export async function makeGateways(headgate: Headgate, { plain, cached, limited }: Ledger['gateways']): Promise<void> {
  const rules = [{ id: 'all', limit: LIMIT_UNITS * UNIT_DOLLARS, limitType: 'cost', window: 86_400 }];
  const limits = { rate_limiting_limit: RATE_LIMIT, rate_limiting_interval: 3600, rate_limiting_technique: 'sliding' };
  const bodies = [
    gatewayBody(plain),
    gatewayBody(cached, { cache_ttl: 86_400 }),
    gatewayBody(limited, { ...limits, spend_limits: { enabled: true, rules } }),
  ];
  for (const body of bodies) {
    const made = await headgate.api('POST', 'ai-gateway/gateways', body);
    if (made.status !== 200) throw new Error(`no gateway was made: ${await made.text()}`);
  }
}

/** A call as the clients of the rounds make it; rejects when the transfer breaks. */
export async function call(headgate: Headgate, sent: Sent, costUnits = 1): Promise<Response> {
  return fetch(`${headgate.origin}/v1/local/${sent.gateway}/openai/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer sk-client',
      'cf-aig-authorization': `Bearer ${headgate.adminToken}`,
      'cf-aig-custom-cost': JSON.stringify({ total_cost: costUnits * UNIT_DOLLARS }),
      ...(sent.cacheKey === null ? {} : { 'cf-aig-cache-key': sent.cacheKey }),
    },
    body: bodyOf(sent.asked),
  });
}

/** Goes on until the server is gone or `ledger.ending` is set; everything that was answered is in the ledger then. */
export async function callUntilEnding(headgate: Headgate, ledger: Ledger, random: () => number): Promise<void> {
  const caller = async () => {
    while (!ledger.ending) {
      const sent = nextCall(ledger, random);
      ledger.sent.push(sent);
      try {
        const response = await call(headgate, sent);
        const text = await response.text();
        const fault = faultOf(ledger, sent, response.status, text);
        if (fault === null) sent.ended = { id: response.headers.get('cf-aig-log-id') ?? '', atMs: performance.now() };
        else if (!ledger.ending) ledger.faults.push(fault);
      } catch (error) {
        if (!ledger.ending) ledger.faults.push(`a call broke off before the kill: ${String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

function nextCall({ gateways, round, sent }: Ledger, random: () => number): Sent {
  const nonce = `r${round}n${sent.length}.`;
  const kind = random();
  const plain = { gateway: gateways.plain, cacheKey: null, ended: null };
  if (kind < 0.3) return { ...plain, gateway: gateways.limited, asked: { model: 'plain', nonce } };
  if (kind < 0.5) {
    const key = Math.floor(random() * CACHE_KEYS);
    return { ...plain, gateway: gateways.cached, cacheKey: `k${key}`, asked: { model: cachedModel(key), nonce } };
  }
  const model: Model = kind < 0.75 ? 'plain' : kind < 0.95 ? 'streamed' : kind < 0.98 ? 'failing' : 'large';
  return { ...plain, asked: { model, nonce } };
}

function cachedModel(key: number): Model {
  return key % 2 === 0 ? 'plain' : 'streamed';
}

/** Keys of the cached gateway, each as a call that asks for it. */
export function cacheProbes({ gateways, round }: Ledger): Sent[] {
  return Array.from({ length: CACHE_KEYS }, (_, key) => {
    const asked = { model: cachedModel(key), nonce: `r${round}p${key}.` };
    return { gateway: gateways.cached, cacheKey: `k${key}`, asked, ended: null };
  });
}

/** What is wrong with an answer; null when it is what this call, or one under the same cache key, must get. */
export function faultOf(ledger: Ledger, sent: Sent, status: number, text: string): string | null {
  const meant = sent.asked.model === 'failing' ? 500 : 200;
  if (status !== meant) return `${sent.gateway}: status ${status}: ${text.slice(0, 200)}`;
  const asked = sent.cacheKey === null ? sent.asked : askedUnder(ledger, sent, text);
  if (asked !== null && text === answerTo(asked)) return null;
  return `${sent.gateway}: an answer that is none to ${sent.cacheKey ?? sent.asked.nonce}: ${text.slice(0, 200)}`;
}

/** Whose answer it is: one that was asked for under the same key. */
function askedUnder({ sent: all }: Ledger, sent: Sent, text: string): Asked | null {
  const nonce = /r\d+[np]\d+\./.exec(text)?.[0];
  if (nonce === sent.asked.nonce) return sent.asked;
  return all.find((one) => one.cacheKey === sent.cacheKey && one.asked.nonce === nonce)?.asked ?? null;
}
