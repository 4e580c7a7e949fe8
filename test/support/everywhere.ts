/** Takes a test to every entrance: one walk, one gateway on it for each of them. */
import { expect } from 'bun:test';
import { PROVIDERS } from '../../packages/server/src/providers/index.ts';
import { Secret } from '../../packages/server/src/lib/index.ts';
import { CUSTOM_SLUG, ENTRANCES, type Entrance } from './entrances.ts';
import type { RawHandler, RawRequest } from './raw-http.ts';
import { answer } from './scripted.ts';
import { type LoggedCall, OK_ANSWER, startWalk, type Walk, type WalkOptions } from './walk.ts';

export interface Visit {
  walk: Walk;
  entrance: Entrance;
  gateway: string;
  /** What the provider got at this entrance so far. */
  requests(): RawRequest[];
  ask: (asking?: Parameters<Entrance['ask']>[1]) => Promise<Seen>;
}
export interface Seen {
  status: number;
  /** Of the gateway's own refusal, else null. */
  code: number | null;
  headers: Headers;
  text: string;
}

/** Goes to every entrance in turn; what `visit` returns is to be `expected` everywhere. */
export async function everywhere<T>(
  options: WalkOptions,
  visit: (at: Visit) => Promise<T>,
  expected: (at: Entrance) => T,
): Promise<void> {
  const more = ENTRANCES.map((_, at) => ({ accountId: 'local', id: `g${at}`, key: `key-of-g${at}` }));
  const walk = await startWalk({ customHere: [CUSTOM_SLUG], more, ...options });
  const seen: Record<string, T> = {};
  for (const [at, entrance] of ENTRANCES.entries()) {
    const gateway = `g${at}`;
    const before = walk.requests.length;
    seen[entrance.name] = await visit({
      walk,
      entrance,
      gateway,
      requests: () => walk.requests.slice(before),
      ask: async (asking) => seenOf(await entrance.ask(walk, { gateway, ...asking })),
    });
  }
  await walk.stop();
  expect(walk.reported).toEqual([]);
  expect(seen).toEqual(Object.fromEntries(ENTRANCES.map((entrance) => [entrance.name, expected(entrance)])));
}

async function seenOf(response: Response): Promise<Seen> {
  const text = await response.text();
  const refused = text.includes('"AiGatewayError"');
  const code = refused ? (JSON.parse(text) as { internalCode: number }).internalCode : null;
  return { status: response.status, code, headers: response.headers, text };
}
/** The next rows, in the order in which they were written. */
export async function rows(walk: Walk, count: number): Promise<LoggedCall[]> {
  const all: LoggedCall[] = [];
  for (let i = 0; i < count; i++) all.push(await walk.nextRow());
  return all;
}

/** A key in the shape that the provider's row asks for, and what of it goes upstream; null where it takes none, or exchanges it. */
export function storedFor({ provider }: Entrance): string | null {
  const kind = PROVIDERS.find(({ slug }) => slug === provider)?.auth.kind ?? 'bearer';
  if (kind === 'none' || kind === 'client-credentials') return null;
  return kind === 'google-token' ? 'AIzaStoredKey' : 'stored-key';
}
/** A stored key for each entrance's provider, on its gateway. */
export const storedKeys = (more: object = {}) =>
  ENTRANCES.map((entrance, at) => ({
    id: `k${at}`,
    provider: entrance.provider,
    gatewayKey: `key-of-g${at}`,
    alias: 'default',
    isDefault: true,
    secret: new Secret(storedFor(entrance) ?? 'none'),
    rateLimit: null,
    rateLimitSeconds: 60,
    weight: 1,
    ...more,
  }));

/** Fails the first request that carries each value of `x-visit`. */
export const failingFirst = (): RawHandler => {
  const failed = new Set<string>();
  return async (request, connection) => {
    const id = request.headers.find(([name]) => name.toLowerCase() === 'x-visit')?.[1] ?? '';
    await connection.write(failed.has(id) ? OK_ANSWER : answer(500));
    failed.add(id);
  };
};
