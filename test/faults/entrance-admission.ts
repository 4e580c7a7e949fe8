/** What decides whether an attempt goes out: limits, the cache, keys. At each entrance, by name. */
import type { Entrance } from '../support/entrances.ts';
import { everywhere, rows, storedFor, storedKeys } from '../support/everywhere.ts';

export const ADMISSION: Record<string, () => Promise<void>> = {
  'the rate limit counts': () =>
    everywhere(
      { policy: { rateLimit: { limit: 1, intervalMs: 3_600_000, technique: 'sliding' } } },
      async ({ walk, ask, requests }) => {
        const codes = [(await ask()).code, (await ask()).code];
        await rows(walk, 2);
        return [codes, requests().length];
      },
      () => [[null, 2003], 1],
    ),

  'the spend limit refuses, by the prices that the call names': () =>
    everywhere(
      {
        policy: {
          spendLimits: {
            enabled: true,
            rules: [{ id: 'all', limit: 5, limitType: 'cost', window: 3600, technique: 'fixed' }],
          },
        },
      },
      async ({ walk, ask, requests }) => {
        const priced = { 'cf-aig-custom-cost': '{"per_token_in":0,"per_token_out":1}' };
        const codes = [
          (await ask({ ours: { 'cf-aig-custom-cost': '{"total_cost":1}' } })).code,
          (await ask({ ours: priced })).code,
        ];
        const seen = await rows(walk, 2);
        return [codes, requests().length, seen.map(({ record }) => record.outcome)];
      },
      () => [[null, 2041], 1, ['success', 'refused']],
    ),

  'a second equal call is a hit; one that skips is not': () =>
    everywhere(
      { policy: { cacheTtlS: 3600 } },
      async ({ walk, ask, requests }) => {
        const of = async (ours = {}) => (await ask({ ours })).headers.get('cf-aig-cache-status');
        const statuses = [await of(), await of(), await of({ 'cf-aig-skip-cache': 'true' })];
        const cached = (await rows(walk, 3)).map(({ record }) => record.cached);
        return [statuses, cached, requests().length];
      },
      () => [['MISS', 'HIT', null], [false, true, false], 2],
    ),

  'the client’s own credential goes before the stored one, which goes up where there is none': () =>
    everywhere(
      { keys: storedKeys() },
      async ({ walk, entrance, ask, requests }) => {
        const key = storedFor(entrance);
        if (key === null) return exempt(entrance);
        await ask({ credential: 'their-own' });
        await ask();
        const byok = (await rows(walk, 2)).map(({ record }) => record.byok);
        const held = requests().map(({ headers, url }) => {
          const sent = JSON.stringify([headers, url]);
          return [sent.includes('their-own'), sent.includes(key)];
        });
        return [byok, held];
      },
      (entrance) =>
        storedFor(entrance) === null
          ? exempt(entrance)
          : [
              [false, true],
              [
                [true, false],
                [false, true],
              ],
            ],
    ),

  'the limit of a stored key holds': () =>
    everywhere(
      { keys: storedKeys({ rateLimit: 1, rateLimitSeconds: 3600 }) },
      async ({ walk, entrance, ask, requests }) => {
        if (entrance.provider === 'sandbox' || storedFor(entrance) === null) return exempt(entrance);
        const codes = [(await ask()).code, (await ask()).code];
        await rows(walk, 2);
        return [codes, requests().length];
      },
      (entrance) => (storedFor(entrance) === null ? exempt(entrance) : [[null, 2003], 1]),
    ),

  'an alias that there is not is refused': () =>
    everywhere(
      { keys: storedKeys() },
      async ({ walk, ask }) => {
        const { code } = await ask({ ours: { 'cf-aig-byok-alias': 'nobodys' } });
        await walk.nextRow();
        return code;
      },
      ({ provider }) => (provider === 'sandbox' ? null : 2040),
    ),

  'a body over the limit is refused': () =>
    everywhere(
      { settings: { maxBodyBytes: 20 } },
      async ({ walk, ask, requests }) => {
        const { code } = await ask();
        await walk.nextRow();
        return [code, requests().length];
      },
      ({ method }) => (method === 'GET' ? [null, 1] : [2011, 0]),
    ),

  'without any key that may be used the call is refused': () =>
    everywhere(
      { policy: { ownKeysOnly: true } },
      async ({ walk, ask, requests }) => {
        const { code } = await ask();
        await walk.nextRow();
        return [code, requests().length];
      },
      ({ provider }) => (provider === 'sandbox' ? [null, 1] : [2040, 0]),
    ),
};

/** Entrances whose provider takes no stored key that a test without its token service could see. */
function exempt({ provider }: Entrance): string {
  return `${provider} stores no plain key`;
}
