import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startHeadgate } from '../../test/support/headgate.ts';
import { atEnd } from '../load/processes.ts';
import { OPENAI_HEADERS, type Running, type Subject } from './subject.ts';

const OFF = {
  authentication: false,
  cache_invalidate_on_update: false,
  cache_ttl: 0,
  collect_logs: false,
  rate_limiting_interval: 0,
  rate_limiting_limit: 0,
};
const ON = {
  ...OFF,
  authentication: true,
  cache_ttl: 300,
  collect_logs: true,
  rate_limiting_interval: 60,
  rate_limiting_limit: 1_000_000_000,
  rate_limiting_technique: 'sliding',
  spend_limits: { enabled: true, rules: [{ id: 'all', limit: 1_000_000, limitType: 'cost', window: 3600 }] },
};

interface Variant {
  settings: Record<string, unknown>;
  hits?: true;
}

/** The server as `npm start` runs it, with one gateway. `env` comes on top. */
export async function startVariant(upstream: string, variant: Variant, env = {}): Promise<Running> {
  const { settings, hits } = variant;
  const headgate = await startHeadgate({
    env: {
      HEADGATE_PROVIDER_BASE_URLS: JSON.stringify({ openai: `${upstream}/v1` }),
      HEADGATE_DRAIN_MS: '1000',
      ...env,
    },
  });
  const stop = atEnd(async () => void (await headgate.stop()));
  const made = await headgate.api('POST', 'ai-gateway/gateways', { id: 'bench', ...settings });
  if (!made.ok) throw new Error(`the gateway could not be made: ${await made.text()}`);
  return {
    pid: headgate.process.pid,
    url: `${headgate.origin}/v1/${headgate.accountId}/bench/openai/chat/completions`,
    headers: {
      ...OPENAI_HEADERS,
      ...(settings.authentication === true && { 'cf-aig-authorization': `Bearer ${headgate.adminToken}` }),
    },
    sameBody: hits === true,
    stop,
  };
}

export const ALL_ON: Variant = { settings: ON };

const variant = (id: string, name: string, what: Variant): Subject => ({
  id,
  name,
  isWhole: what.hits !== true,
  async prepare() {
    const { version } = JSON.parse(readFileSync(join(import.meta.dir, '../../package.json'), 'utf8'));
    return `${version} on Bun ${Bun.version}`;
  },
  start: (upstream) => startVariant(upstream, what),
});

export const headgateSubjects = [
  variant('all-off', 'Headgate, all off', { settings: OFF }),
  variant('all-on', 'Headgate, all on', ALL_ON),
  variant('cache-hit', 'Headgate, all on, cache hit', { settings: ON, hits: true }),
];
