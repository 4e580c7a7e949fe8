import { describe, expect, test } from 'bun:test';
import type { CallOptions } from '../../packages/server/src/gateway/options.ts';
import type { GatewayPolicy } from '../../packages/server/src/stores/snapshot-ports.ts';
import { everywhere, failingFirst, rows } from '../support/everywhere.ts';
import { FakeClock } from '../support/fake-clock.ts';
import type { RawHandler } from '../support/raw-http.ts';
import { answer, scripted } from '../support/scripted.ts';
import { READ_TOKEN, RUN_TOKEN } from '../support/walk.ts';
import { ADMISSION } from './entrance-admission.ts';

/** Every policy holds at every entrance. */

/** Entrances at which the provider has a switch against keeping the call. */
const WITH_SWITCH =
  /^POST \/(?:openai|azure|azure-openai|openrouter|aws-bedrock)\/.*(?:chat\/completions|responses)|^(?:universal|binding) \w+: openai/;

/** What is proved at each entrance, by name. */
const POLICIES: Record<string, () => Promise<void>> = {
  ...ADMISSION,
  'an unknown gateway is refused': () =>
    everywhere(
      {},
      async ({ ask, requests }) => [(await ask({ gateway: 'nobodys' })).code, requests().length],
      () => [2001, 0],
    ),

  'a page load is refused': () =>
    everywhere(
      {},
      async ({ walk, ask }) => {
        const { code } = await ask({ ours: { 'sec-fetch-dest': 'iframe' } });
        await walk.nextRow();
        return code;
      },
      () => 2010,
    ),

  'an authenticated gateway asks for a token that may run': () =>
    everywhere(
      { policy: { authentication: true } },
      async ({ walk, ask, requests }) => {
        const tokens = [null, READ_TOKEN, 'hg_of-nobody', RUN_TOKEN];
        const codes: (number | null)[] = [];
        for (const token of tokens) {
          codes.push((await ask({ ours: token === null ? {} : { 'cf-aig-authorization': `Bearer ${token}` } })).code);
        }
        const authenticated = (await rows(walk, tokens.length)).map(({ record }) => record.authentication);
        return [codes, authenticated, requests().length];
      },
      () => [[2009, 2009, 2009, null], [false, false, false, true], 1],
    ),

  'neither our token nor our headers go to the provider, nor into the log': () =>
    everywhere(
      { policy: { authentication: true } },
      async ({ walk, ask, requests }) => {
        const ours = { 'cf-aig-authorization': `Bearer ${RUN_TOKEN}`, 'cf-aig-metadata': '{"a":1}' };
        const { code } = await ask({ ours, headers: { 'x-also': `${RUN_TOKEN}`, 'x-theirs': '1' } });
        const { record } = await walk.nextRow();
        const sent = JSON.stringify(requests().map(({ headers, url }) => [headers, url])).toLowerCase();
        const told = `${sent}${JSON.stringify({ ...record, costPico: null })}`;
        return [code, told.includes(RUN_TOKEN), sent.includes('cf-aig'), sent.includes('x-theirs')];
      },
      () => [null, false, false, true],
    ),

  'metadata, event id, surface and provider stand in the row; the answer names it': () =>
    everywhere(
      {},
      async ({ walk, ask }) => {
        const { headers } = await ask({ ours: { 'cf-aig-metadata': '{"who":"me"}', 'cf-aig-event-id': 'event-7' } });
        const { record } = await walk.nextRow();
        const { metadata, eventId, requestType, provider, method, id } = record;
        const named = [headers.get('cf-aig-event-id'), headers.get('cf-aig-log-id') === id];
        return [metadata, eventId, requestType, provider, method, ...named];
      },
      ({ surface, provider, method }) => [{ who: 'me' }, 'event-7', surface, provider, method, 'event-7', true],
    ),

  'rows and bodies are kept as the gateway and the call say': () =>
    everywhere(
      { policy: { collectLogs: false, retention: { limit: 5, strategy: 'DELETE_OLDEST' } } },
      async ({ walk, ask }) => {
        const headers = (await ask()).headers.get('cf-aig-log-id');
        await ask({ ours: { 'cf-aig-collect-log': 'false' } });
        await ask({ ours: { 'cf-aig-collect-log': 'true', 'cf-aig-event-id': 'with' } });
        await ask({
          ours: { 'cf-aig-collect-log': 'true', 'cf-aig-collect-log-payload': 'false', 'cf-aig-event-id': 'without' },
        });
        const kept = await rows(walk, 2);
        return [
          headers,
          ...kept.map(({ record, bodies, retention }) => [
            record.eventId,
            bodies?.response?.byteLength ?? null,
            retention?.limit,
          ]),
        ];
      },
      () => [null, ['with', 2, 5], ['without', null, 5]],
    ),

  'a failed try is tried again, each try is a row of the same event': () =>
    everywhere(
      { policy: { retry: { retries: 1, delayMs: 0, backoff: 'constant' } }, upstream: failingFirst() },
      async ({ walk, ask, requests, gateway }) => {
        const { status } = await ask({ headers: { 'x-visit': gateway } });
        const [first, second] = await rows(walk, 2);
        return [status, requests().length, first?.record.eventId === second?.record.eventId];
      },
      () => [200, 2, true],
    ),

  'a silent provider is given up after the call’s own time': async () => {
    const clock = new FakeClock();
    let arrived = () => {};
    const upstream: RawHandler = async () => arrived();
    await everywhere(
      { clock, upstream },
      async ({ walk, ask }) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        arrived = resolve;
        const asking = ask({ ours: { 'cf-aig-request-timeout': '1000' } });
        await promise;
        clock.advance(1000);
        const { status, code } = await asking;
        const { record } = await walk.nextRow();
        return [status, code, record.error?.code];
      },
      () => [504, 2005, 'timeout'],
    );
  },

  'a provider’s own error passes as it is': () =>
    everywhere(
      { upstream: scripted(answer(418, '{"their":"error"}', 'x-theirs: 1\r\n')) },
      async ({ walk, ask }) => {
        const { status, text, headers } = await ask();
        const { record } = await walk.nextRow();
        return [status, text, headers.get('x-theirs'), record.outcome];
      },
      () => [418, '{"their":"error"}', '1', 'error'],
    ),

  'streams are asked for their usage where the path is one that waits to be asked': () =>
    everywhere(
      { policy: { asksUsage: true } },
      async ({ walk, ask, requests }) => {
        await ask();
        await walk.nextRow();
        return requests().map(({ body }) => Buffer.from(body).toString().includes('"include_usage":true'));
      },
      ({ streams, provider }) => [streams && provider === 'openai'],
    ),

  'the provider is asked not to keep the call where it has a switch': () =>
    everywhere(
      { policy: { zeroRetention: true } },
      async ({ walk, ask, requests }) => {
        await ask();
        const zeroRetention: string | null = (await walk.nextRow()).record.zeroRetention;
        const switched = /"store":false|"zdr":true/.test(Buffer.from(requests()[0]?.body ?? []).toString());
        return [zeroRetention, switched];
      },
      ({ name }) => (WITH_SWITCH.test(name) ? ['forwarded', true] : ['unsupported', false]),
    ),

  'an answer carries our headers and never acts as a page': () =>
    everywhere(
      {},
      async ({ walk, ask }) => {
        const { headers } = await ask();
        const { record } = await walk.nextRow();
        const names = ['cf-aig-step', 'x-content-type-options'].map((name) => headers.get(name));
        return [...names, headers.get('cf-aig-request-id') === record.id, headers.has('server-timing')];
      },
      () => ['0', 'nosniff', true, true],
    ),
};

type Setting = Exclude<keyof GatewayPolicy, 'accountId' | 'id' | 'key'> | keyof CallOptions;

/** Which of them proves that a setting of a gateway or an option of a call is heeded: a new one has to be added here. */
const PROVED_BY: Record<Setting, string> = {
  authentication: 'an authenticated gateway asks',
  collectLogs: 'rows and bodies are kept',
  collect: 'rows and bodies are kept',
  collectPayload: 'rows and bodies are kept',
  retention: 'rows and bodies are kept',
  metadata: 'metadata, event id',
  eventId: 'metadata, event id',
  retry: 'a failed try is tried again',
  ownKeysOnly: 'without any key',
  keyAlias: 'an alias that there is not',
  cacheTtlS: 'a second equal call is a hit',
  cache: 'a second equal call is a hit',
  rateLimit: 'the rate limit counts',
  spendLimits: 'the spend limit refuses',
  customCost: 'the spend limit refuses',
  asksUsage: 'streams are asked',
  zeroRetention: 'the provider is asked not to keep',
  timeoutMs: 'a silent provider is given up',
};

test('every setting of a gateway and every option of a call is among them', () => {
  const names = Object.keys(POLICIES);
  for (const proof of Object.values(PROVED_BY)) expect(names.filter((name) => name.startsWith(proof))).toHaveLength(1);
});

describe('at every entrance', () => {
  for (const [policy, prove] of Object.entries(POLICIES)) test(policy, prove, 30_000);
});
