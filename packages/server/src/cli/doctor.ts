import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from 'bun:sqlite';
import { prepareDirectory } from '../compose.ts';
import { type Config, ConfigError, readConfig } from '../config.ts';
import { Fields } from '../lib/index.ts';
import { createEgress } from '../http/index.ts';
import { PROVIDERS } from '../providers/index.ts';
import { UpstreamFailure } from '../gateway/index.ts';

type Check = { name: string; problem: string | null; note?: string };

/** Checks an installation and prints one line per check. Returns the exit code: 0 when all is well, else 1. */
export async function doctor(reach: string | true | undefined): Promise<number> {
  const checks: Check[] = [];
  const config = attempt(checks, 'configuration', () => readConfig());
  if (config !== null) {
    attempt(checks, `data directory ${config.dataDir}`, () => prepareDirectory(config.dataDir));
    checkDatabases(checks, config);
    checks.push(clockCheck());
    if (reach !== undefined) checks.push(...(await reachProviders(config, reach)));
  }
  for (const { name, problem, note } of checks) {
    console.log(
      problem === null ? `ok    ${name}${note === undefined ? '' : ` (${note})`}` : `FAIL  ${name}: ${problem}`,
    );
  }
  return checks.some((check) => check.problem !== null) ? 1 : 0;
}

function attempt<T>(checks: Check[], name: string, task: () => T): T | null {
  try {
    const value = task();
    checks.push({ name, problem: null });
    return value;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    checks.push({ name, problem: error.message });
    return null;
  }
}

const SINGLE_FILES = [
  ['control store', 'control.db'],
  ['limit counters', 'counters.db'],
  ['answer cache', 'cache.db'],
] as const;

function checkDatabases(checks: Check[], config: Config): void {
  for (const [name, base] of SINGLE_FILES) {
    const file = join(config.dataDir, base);
    checks.push(existsSync(file) ? integrity(name, file) : { name, problem: null, note: 'not made yet' });
    for (const aside of new Bun.Glob(`${base}.damaged*`).scanSync(config.dataDir))
      checks.push({ name: `${name} ${aside}`, problem: 'damaged, set aside' });
  }
  const logs = join(config.dataDir, 'logs');
  if (!existsSync(logs)) {
    checks.push({ name: 'log segments', problem: null, note: 'none yet' });
    return;
  }
  let healthy = 0;
  for (const file of new Bun.Glob('**/*').scanSync(logs)) {
    if (file.includes('.damaged')) checks.push({ name: `log segment ${file}`, problem: 'damaged, set aside' });
    if (!file.endsWith('.db')) continue;
    const check = integrity(`log segment ${file}`, join(logs, file));
    if (check.problem === null) healthy += 1;
    else checks.push(check);
  }
  checks.push({ name: 'log segments', problem: null, note: `${healthy} sound` });
}

function integrity(name: string, file: string): Check {
  try {
    const database = new Database(file, { readonly: true });
    const [verdict] = database.query('PRAGMA integrity_check(1)').values().flat();
    database.close();
    return { name, problem: verdict === 'ok' ? null : String(verdict).replaceAll(/\s+/g, ' ') };
  } catch (error) {
    return { name, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Ids and windows are made from the wall clock: one that is years off is worth knowing about. */
function clockCheck(): Check {
  const year = new Date().getUTCFullYear();
  return {
    name: 'clock',
    problem: year < 2025 || year > 2100 ? `the year is ${year}` : null,
    note: new Date().toISOString(),
  };
}

const REACH_TIMEOUT_MS = 5000;

/** Any HTTP answer counts: without a key the provider will refuse, and that shows that it is there. */
async function reachProviders(config: Config, reach: string | true): Promise<Check[]> {
  const slugs = reach === true ? null : new Set(reach.split(',').map((slug) => slug.trim()));
  const send = createEgress({ local: new Map(), mayBePrivate: () => true });
  const rows = PROVIDERS.filter((row) => (slugs === null ? !row.baseUrl.startsWith('sandbox:') : slugs.has(row.slug)));
  return Promise.all(
    rows.map(async (row): Promise<Check> => {
      const url = config.providerBaseUrls.get(row.slug) ?? row.baseUrl;
      const name = `reach ${row.slug} at ${url}`;
      if (url.includes('{')) return { name, problem: null, note: 'host varies, not tried' };
      try {
        const signal = AbortSignal.timeout(REACH_TIMEOUT_MS);
        const response = await send({
          url,
          method: 'HEAD',
          headers: new Fields(),
          body: null,
          signal,
          userGiven: false,
        });
        return { name, problem: null, note: `answered ${response.status}` };
      } catch (error) {
        return { name, problem: error instanceof UpstreamFailure ? error.message : 'timeout' };
      }
    }),
  );
}
