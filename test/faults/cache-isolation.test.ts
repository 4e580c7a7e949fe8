import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { CUSTOM_SLUG, ENTRANCES } from '../support/entrances.ts';
import { headerOf } from '../support/raw-http.ts';
import { answer } from '../support/scripted.ts';
import { startWalk, type Walk } from '../support/walk.ts';

/** Whoever shares account, gateway and credential shares answers; nobody else does, at whatever entrances they come in. */

interface Tenant {
  account: string;
  gateway: string;
  credential: string | undefined;
}

const TENANTS: readonly Tenant[] = ['local', 'other'].flatMap((account) =>
  ['g1', 'g2'].flatMap((gateway) => ['one', 'two', undefined].map((credential) => ({ account, gateway, credential }))),
);
const nameOf = ({ account, gateway, credential }: Tenant) => `${account}/${gateway}/${credential ?? 'nobody'}`;

let walk: Walk;
beforeAll(async () => {
  const gateways = ['local', 'other'].flatMap((accountId) => ['g1', 'g2'].map((id) => ({ accountId, id })));
  walk = await startWalk({
    policy: { cacheTtlS: 3600, collectLogs: false },
    customHere: [CUSTOM_SLUG],
    more: gateways.map((one) => ({ ...one, key: `${one.accountId}-${one.id}` })),
    // The answer says who asked; what tells so is no part of the cache's key.
    upstream: (request, connection) => connection.write(answer(200, JSON.stringify(headerOf(request, 'x-tenant')))),
  });
});
afterAll(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

describe('each tenant gets its own answers, also when all others have asked before', () => {
  test.each(ENTRANCES.map((entrance): [string, typeof entrance] => [entrance.name, entrance]))(
    '%s',
    async (_name, at) => {
      const tenants = TENANTS.filter(({ account }) => at.namesAccount || account === 'local');
      const ask = async (tenant: Tenant) => {
        const { account, gateway, credential } = tenant;
        const headers = { 'x-tenant': nameOf(tenant) };
        const response = await at.ask(walk, {
          account,
          gateway,
          headers,
          ...(credential === undefined ? {} : { credential }),
        });
        return { status: response.headers.get('cf-aig-cache-status'), answer: (await response.json()) as string };
      };
      const before = walk.requests.length;
      for (const tenant of tenants) expect((await ask(tenant)).answer).toBe(nameOf(tenant));
      for (const tenant of tenants) {
        const { status, answer: seen } = await ask(tenant);
        expect(seen).toBe(nameOf(tenant));
        // Anything else that is not cached at all would prove nothing.
        if (at.method === 'POST') expect(status).toBe('HIT');
      }
      if (at.method === 'POST') expect(walk.requests.length - before).toBeLessThanOrEqual(tenants.length);
    },
  );

  test('a key of the client’s own is no way around it', async () => {
    for (const tenant of TENANTS) {
      const [entrance] = ENTRANCES;
      const { account, gateway, credential } = tenant;
      const response = await entrance?.ask(walk, {
        account,
        gateway,
        headers: { 'x-tenant': nameOf(tenant) },
        ours: { 'cf-aig-cache-key': 'the same for all' },
        ...(credential === undefined ? {} : { credential }),
      });
      expect(await response?.json()).toBe(nameOf(tenant));
    }
  });
});
