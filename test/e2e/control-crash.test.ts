import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayBody } from '../support/builders.ts';
import { type Headgate, startHeadgate } from '../support/headgate.ts';

/**
 * SIGKILL at a random moment while many callers change the configuration: after the next start each caller finds all
 * that was answered, and of the change under way all of it or nothing.
 */

const ROUNDS = 3;
const CALLERS = 8;

/** What one caller has configured: its tokens, and its gateways with their routes. */
interface State {
  tokens: string[];
  gateways: Record<string, { ttl: number | null; limit: number | null; routes: Record<string, string> }>;
}

interface Caller {
  prefix: string;
  /** As answered. */
  state: State;
  /** As it would be with the change under way; null when there is none. */
  pending: State | null;
  ids: Map<string, string>;
}

interface Change {
  method: string;
  path: string;
  body?: unknown;
  to: State;
  /** Under which name to keep the id that the answer gives. */
  made?: string;
}

test('every change that was answered is there, none by half', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'headgate-control-crash-'));
  const all: Caller[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const server = await startHeadgate({ dataDir });
    const callers = Array.from({ length: CALLERS }, (_, n): Caller => {
      return { prefix: `r${round}c${n}`, state: { tokens: [], gateways: {} }, pending: null, ids: new Map() };
    });
    const answered = await changeUntilKilled(server, callers);
    await server.stop('SIGKILL');
    expect(answered).toBeGreaterThan(50);

    const next = await startHeadgate({ dataDir });
    all.push(...callers);
    for (const caller of all) {
      const found = await read(next, caller.prefix);
      const allowed = [caller.state, caller.pending ?? caller.state];
      if (!allowed.some((state) => Bun.deepEquals(state, found))) expect(found).toEqual(caller.state);
      caller.state = found;
      caller.pending = null;
    }
    await next.stop();
  }
  await rm(dataDir, { recursive: true, force: true });
}, 120_000);

/** Changes from all callers at once; kills the server in their midst. Returns how many changes were answered. */
async function changeUntilKilled(server: Headgate, callers: Caller[]): Promise<number> {
  const killAfter = 60 + Math.floor(Math.random() * 400);
  let answered = 0;
  let killed = false;
  const work = async (caller: Caller) => {
    for (let n = 0; ; n++) {
      for (const next of changes(caller, n)) {
        const { method, path, body, to, made } = next();
        caller.pending = to;
        let status: number;
        let id: string | undefined;
        try {
          const answer = await server.api(method, path, body);
          status = answer.status;
          id = ((await answer.json()) as { result?: { id?: string } }).result?.id;
        } catch (error) {
          if (!killed) throw error;
          return;
        }
        expect(status).toBe(200);
        caller.state = to;
        caller.pending = null;
        if (made !== undefined && id !== undefined) caller.ids.set(made, id);
        answered++;
        if (killed) return;
        if (answered >= killAfter) {
          killed = true;
          server.process.kill('SIGKILL');
          return;
        }
      }
    }
  };
  await Promise.all(callers.map(work));
  return answered;
}

/** The nth set of changes of a caller: makes a gateway with a route and a token, changes them, removes most of them. */
function changes(caller: Caller, n: number): (() => Change)[] {
  const name = `${caller.prefix}-${n}`;
  const gateway = (settings: number, routes: Record<string, string>): State => ({
    ...caller.state,
    gateways: { ...caller.state.gateways, [name]: { ttl: settings, limit: settings, routes } },
  });
  const settings = (value: number) => gatewayBody(name, { cache_ttl: value, rate_limiting_limit: value });
  const without = (): State => {
    const { [name]: _gone, ...gateways } = caller.state.gateways;
    return { ...caller.state, gateways };
  };
  const routes = `ai-gateway/gateways/${name}/routes`;
  const route = () => `${routes}/${caller.ids.get('route')}`;
  const start: (() => Change)[] = [
    () => ({ method: 'POST', path: 'ai-gateway/gateways', body: settings(n), to: gateway(n, {}) }),
    () => ({
      method: 'POST',
      path: routes,
      body: { name: 'first', elements: elements(name) },
      to: gateway(n, { first: name }),
      made: 'route',
    }),
    () => ({
      method: 'PUT',
      path: `ai-gateway/gateways/${name}`,
      body: settings(n + 1),
      to: gateway(n + 1, { first: name }),
    }),
    () => ({ method: 'PATCH', path: route(), body: { name: 'second' }, to: gateway(n + 1, { second: name }) }),
    () => ({
      method: 'POST',
      path: 'tokens',
      body: { name, permissions: ['run'] },
      to: { ...caller.state, tokens: [...caller.state.tokens, name] },
      made: 'token',
    }),
  ];
  const end: (() => Change)[] = [
    () => ({
      method: 'DELETE',
      path: `tokens/${caller.ids.get('token')}`,
      to: { ...caller.state, tokens: caller.state.tokens.filter((one) => one !== name) },
    }),
    () => ({ method: 'DELETE', path: `ai-gateway/gateways/${name}`, to: without() }),
  ];
  return n % 3 === 0 ? start : [...start, ...end];
}

function elements(model: string) {
  return [
    { id: 'start', type: 'start', outputs: { next: { elementId: 'ask' } } },
    {
      id: 'ask',
      type: 'model',
      properties: { provider: 'openai', model, timeout: 1000, retries: 1 },
      outputs: { success: { elementId: 'end' }, fallback: { elementId: 'end' } },
    },
    { id: 'end', type: 'end', outputs: {} },
  ];
}

interface Route {
  id: string;
  name: string;
  elements: { properties?: { model?: string } }[];
  version: { version_id: string; data: string };
  deployment: { deployment_id: string; version_id: string };
}

/** What the API shows of one caller's things; a route is also checked for all of its parts. */
async function read(server: Headgate, prefix: string): Promise<State> {
  const get = async <T>(path: string) => (await (await server.api('GET', path)).json()) as T;
  const gateways: State['gateways'] = {};
  const query = `search=${prefix}-&per_page=100`;
  const listed = await get<{ result: { id: string; cache_ttl: number; rate_limiting_limit: number }[] }>(
    `ai-gateway/gateways?${query}`,
  );
  for (const { id, cache_ttl: ttl, rate_limiting_limit: limit } of listed.result) {
    const routes: Record<string, string> = {};
    const path = `ai-gateway/gateways/${id}/routes`;
    for (const route of (await get<{ data: { routes: Route[] } }>(path)).data.routes) {
      const versions = await get<{ data: { versions: { version_id: string }[] } }>(`${path}/${route.id}/versions`);
      const deployments = await get<{ data: { deployments: { deployment_id: string }[] } }>(
        `${path}/${route.id}/deployments`,
      );
      expect(versions.data.versions.map((one) => one.version_id)).toEqual([route.version.version_id]);
      expect(deployments.data.deployments.map((one) => one.deployment_id)).toEqual([route.deployment.deployment_id]);
      expect(JSON.parse(route.version.data)).toEqual(route.elements);
      routes[route.name] = route.elements[1]?.properties?.model ?? '';
    }
    gateways[id] = { ttl, limit, routes };
  }
  return { tokens: await tokensOf(server, prefix), gateways };
}

async function tokensOf(server: Headgate, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for (let page = 1; ; page++) {
    const answer = await server.api('GET', `tokens?per_page=50&page=${page}`);
    const { result } = (await answer.json()) as { result: { name: string }[] };
    names.push(...result.map(({ name }) => name).filter((name) => name.startsWith(`${prefix}-`)));
    if (result.length < 50) return names;
  }
}
