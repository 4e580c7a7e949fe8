/** The calls of a soak run: what each sends, what its client must see, and which rows it must leave. */
import { answerTo, type Asked, bodyOf } from './upstream.ts';

/** In the order in which they come round; some more often than others. */
const ROUND = [
  'plain', 'streamed', 'cached', 'plain', 'flaky', 'streamed', 'limited', 'failing', 'cached', 'universal',
  'plain', 'aborted', 'streamed', 'large', 'cached', 'custom', 'long', 'cut', 'limited', 'revoked', 'scratch',
] as const; // biome-ignore format: one round, two lines
export type Kind = (typeof ROUND)[number];

export const kindOf = (n: number): Kind => ROUND[n % ROUND.length] ?? 'plain';

export const GATEWAYS = { main: 'soak', cached: 'soak-cached', limited: 'soak-limited', scratch: 'soak-scratch' };
export const CUSTOM = 'soak';

export interface Planned {
  kind: Kind;
  gateway: string;
  /** Below the gateway's address. */
  path: string;
  body: string;
  headers: Record<string, string>;
  asked: Asked;
  /** Leaves after the first piece. */
  leaves: boolean;
}

export function plan(n: number, eventId: string): Planned {
  const kind = kindOf(n);
  const asked = askedBy(kind, n, eventId);
  const plain = { kind, asked, gateway: GATEWAYS.main, path: 'openai/chat/completions', leaves: false };
  const base: Planned = { ...plain, body: bodyOf(asked), headers: {} };
  switch (kind) {
    case 'cached':
      return { ...base, gateway: GATEWAYS.cached };
    case 'limited':
      return { ...base, gateway: GATEWAYS.limited };
    case 'scratch':
      return { ...base, gateway: GATEWAYS.scratch };
    case 'flaky':
      return { ...base, headers: { 'cf-aig-max-attempts': '2', 'cf-aig-retry-delay': '20' } };
    case 'aborted':
      return { ...base, leaves: true };
    case 'custom':
      return { ...base, path: `custom-${CUSTOM}/chat/completions` };
    case 'universal': {
      const step = (provider: string, query: Asked) => ({
        provider,
        endpoint: 'chat/completions',
        headers: {},
        query: JSON.parse(bodyOf(query)),
      });
      return {
        ...base,
        path: '',
        body: JSON.stringify([step('openai', { ...asked, model: 'failing' }), step('groq', asked)]),
      };
    }
    case 'plain':
    case 'streamed':
    case 'failing':
    case 'large':
    case 'long':
    case 'cut':
    case 'revoked':
      return base;
    default:
      return kind satisfies never;
  }
}

function askedBy(kind: Kind, n: number, nonce: string): Asked {
  switch (kind) {
    case 'cached':
      // A few questions, asked again and again for a while, then others.
      return { model: 'plain', nonce: `again-${Math.floor(n / 500)}-${(n * 7) % 10}` };
    case 'long':
      return { model: 'plain', nonce: `${nonce}${'y'.repeat(64 * 1024)}` };
    case 'aborted':
      return { model: 'endless', nonce };
    case 'limited':
    case 'universal':
    case 'custom':
    case 'revoked':
    case 'scratch':
      return { model: 'plain', nonce };
    case 'plain':
    case 'streamed':
    case 'failing':
    case 'flaky':
    case 'large':
    case 'cut':
      return { model: kind, nonce };
    default:
      return kind satisfies never;
  }
}

/** What a client saw. `status` 0: no answer at all. `broken`: the transfer broke off. */
export interface Seen {
  status: number;
  text: string;
  broken: boolean;
  cacheStatus: string | null;
}

/** What is wrong with what the client saw; null: nothing. */
export function wrongIn({ kind, asked }: Planned, seen: Seen): string | null {
  const told = `${kind}: ${seen.status}${seen.broken ? ' broken' : ''} ${seen.text.slice(0, 120)}`;
  const whole = !seen.broken && seen.text === answerTo(asked);
  switch (kind) {
    case 'failing':
      return seen.status === 500 && whole ? null : told;
    case 'revoked':
      return seen.status === 401 ? null : told;
    case 'limited':
      return (seen.status === 200 && whole) || seen.status === 429 ? null : told;
    case 'cut':
      return seen.broken || seen.status === 502 ? null : told;
    case 'aborted':
      return seen.status === 200 && seen.text.includes(asked.nonce) ? null : told;
    case 'cached':
      return seen.status === 200 && whole && seen.cacheStatus !== null ? null : told;
    case 'plain':
    case 'streamed':
    case 'flaky':
    case 'large':
    case 'long':
    case 'custom':
    case 'universal':
    case 'scratch':
      return seen.status === 200 && whole ? null : told;
    default:
      return kind satisfies never;
  }
}

/** The rows that a call must leave, as `status outcome`, one after the other. */
export function rowsOwed(kind: Kind, seen: Pick<Seen, 'status' | 'cacheStatus'>): string {
  switch (kind) {
    case 'failing':
      return '500 error';
    case 'revoked':
      return '401 refused';
    case 'limited':
      return seen.status === 429 ? '429 refused' : '200 success';
    case 'cut':
      return seen.status === 502 ? '502 error' : '200 truncated';
    case 'aborted':
      return '200 cancelled';
    case 'cached':
      return seen.cacheStatus === 'HIT' ? '200 success cached' : '200 success';
    case 'flaky':
      return '503 error, 200 success';
    case 'universal':
      return '500 error, 200 success';
    case 'plain':
    case 'streamed':
    case 'large':
    case 'long':
    case 'custom':
    case 'scratch':
      return '200 success';
    default:
      return kind satisfies never;
  }
}
