/** Changes of the configuration while calls run. None may change what a call is answered. */
import { MINIMAL_GATEWAY } from '../support/management-api.ts';
import type { Headgate } from '../support/headgate.ts';
import { CUSTOM, GATEWAYS } from './soak-calls.ts';

export interface Scene {
  /** For the next call. */
  token(): string;
  /** Tells that a call with the token has ended. */
  release(token: string): void;
  /** Of a token that was deleted. */
  revoked: string;
  /** The next change in the round. Rejects when it is refused. */
  change(): Promise<void>;
}

interface Token {
  id: string;
  value: string;
}

const base = { ...MINIMAL_GATEWAY, cache_invalidate_on_update: false };

export async function openScene(headgate: Headgate, upstream: string): Promise<Scene> {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await headgate.api(method, path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 200)}`);
    return (JSON.parse(text) as { result: T }).result;
  };
  const gateways = 'ai-gateway/gateways';
  const settings: Record<string, object> = {
    [GATEWAYS.main]: base,
    [GATEWAYS.cached]: { ...base, cache_ttl: 300 },
    [GATEWAYS.limited]: { ...base, rate_limiting_interval: 1, rate_limiting_limit: 3 },
    [GATEWAYS.scratch]: base,
  };
  for (const [id, values] of Object.entries(settings)) await ask('POST', gateways, { id, ...values });
  const custom = await ask<{ id: string }>('POST', 'ai-gateway/custom-providers', {
    name: 'Soak',
    slug: CUSTOM,
    base_url: upstream,
    enable: true,
  });
  const makeToken = () => ask<Token>('POST', 'tokens', { name: 'soak', permissions: ['run'] });
  const dead = await makeToken();
  await ask('DELETE', `tokens/${dead.id}`);

  const users = new Map<string, number>();
  let token = await makeToken();
  let retired: Token[] = [];
  let keys: string[] = [];
  let turn = 0;
  const put = (id: string, more: object) => ask('PUT', `${gateways}/${id}`, { ...settings[id], ...more });
  const rules = [{ id: 'r', limit: 1e6, limitType: 'cost', window: 3600 }];

  const changes: ((n: number) => Promise<unknown>)[] = [
    (n) =>
      put(GATEWAYS.main, { spend_limits: n % 2 ? { enabled: true, rules } : null, log_classification: n % 2 === 0 }),
    async () => {
      const old = token;
      token = await makeToken();
      retired.push(old);
      // A token goes only when no call needs it any more.
      const idle = retired.filter(({ value }) => (users.get(value) ?? 0) === 0);
      retired = retired.filter((one) => !idle.includes(one));
      for (const { id, value } of idle) {
        await ask('DELETE', `tokens/${id}`);
        users.delete(value);
        scene.revoked = value;
      }
    },
    async (n) => {
      const key = { alias: 'default', default_config: true, provider_slug: 'openai', secret: `sk-soak-${n}` };
      keys.push((await ask<{ id: string }>('POST', `${gateways}/${GATEWAYS.main}/provider_configs`, key)).id);
      const [first = '', ...others] = keys;
      if (others.length < 2) return;
      await ask('DELETE', `${gateways}/${GATEWAYS.main}/provider_configs/${first}`);
      keys = others;
    },
    (n) => ask('PATCH', `ai-gateway/custom-providers/${custom.id}`, { headers: JSON.stringify({ 'x-n': String(n) }) }),
    (n) =>
      n % 2 === 0
        ? ask('PUT', 'ai-gateway/prices/openai/m-1', { rates: { input: '0.000001', output: '0.000002' } })
        : ask('DELETE', 'ai-gateway/prices/openai/m-1'),
    () => ask('DELETE', `${gateways}/${GATEWAYS.cached}/cache`),
    (n) => put(GATEWAYS.limited, { rate_limiting_limit: 2 + (n % 3) }),
    async () => {
      const rows = await ask<{ id: string }[]>('GET', `${gateways}/${GATEWAYS.scratch}/logs?per_page=2`);
      for (const { id } of rows) await ask('PATCH', `${gateways}/${GATEWAYS.scratch}/logs/${id}`, { feedback: 1 });
    },
    async () => {
      const filters = encodeURIComponent(JSON.stringify([{ key: 'feedback', operator: 'eq', value: [1] }]));
      const answer = await headgate.api('DELETE', `${gateways}/${GATEWAYS.scratch}/logs?filters=${filters}`);
      if (!answer.ok) throw new Error(`deleting rows: ${answer.status} ${await answer.text()}`);
    },
  ];
  const scene: Scene = {
    revoked: dead.value,
    token: () => {
      users.set(token.value, (users.get(token.value) ?? 0) + 1);
      return token.value;
    },
    release: (value) => {
      const left = users.get(value);
      if (left !== undefined) users.set(value, left - 1);
    },
    change: async () => {
      const at = turn++;
      await changes[at % changes.length]?.(Math.floor(at / changes.length));
    },
  };
  return scene;
}
