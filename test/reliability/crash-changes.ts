/** Changes of the configuration and of rows that a crash round makes, and how each is read back. */
import { gatewayBody } from '../support/builders.ts';
import type { Headgate } from '../support/headgate.ts';
import type { Ledger } from './crash-ledger.ts';

/** A change and what it leaves. */
interface Change {
  /** As in `Ledger.promised`. */
  subject: string;
  method: string;
  path: string;
  body?: unknown;
  /** What `readSubject` gives afterwards. */
  to: unknown;
  answered?: (result: { id: string; value?: string }) => void;
}

/** Makes, changes and removes things of each kind until the server is gone or `ledger.ending` is set. */
export async function changeUntilEnding(headgate: Headgate, ledger: Ledger, random: () => number): Promise<void> {
  const kinds = [gatewayChanges, tokenChanges, keyChanges, priceChanges, scoreChanges];
  const worker = async (changesOf: (typeof kinds)[number]) => {
    for (let n = 0; !ledger.ending; n++) {
      for (const next of changesOf(ledger, n, random)) {
        if (ledger.ending || !(await make(headgate, ledger, next()))) break;
      }
      // Rows to change may be yet to come.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(kinds.map(worker));
}

async function make(headgate: Headgate, ledger: Ledger, change: Change): Promise<boolean> {
  const { subject, method, path, body, to, answered } = change;
  const promised = ledger.promised.get(subject) ?? { acknowledged: null, underWay: null };
  ledger.promised.set(subject, promised);
  promised.underWay = { to };
  try {
    const answer = await headgate.api(method, path, body);
    const text = await answer.text();
    if (answer.status !== 200) {
      if (!ledger.ending) ledger.faults.push(`${method} ${path}: status ${answer.status}: ${text.slice(0, 200)}`);
      return false;
    }
    promised.acknowledged = to;
    promised.underWay = null;
    ledger.changes += 1;
    answered?.((JSON.parse(text) as { result: { id: string; value?: string } }).result);
    return true;
  } catch (error) {
    if (!ledger.ending) ledger.faults.push(`${method} ${path} broke off before the kill: ${String(error)}`);
    return false;
  }
}

const isKept = (n: number) => n % 3 === 0;

function gatewayChanges({ round }: Ledger, n: number): (() => Change)[] {
  const name = `r${round}-g${n}`;
  const subject = `gateway ${name}`;
  const all = 'ai-gateway/gateways';
  const settings = (value: number) => gatewayBody(name, { cache_ttl: value, rate_limiting_limit: value });
  const changes: (() => Change)[] = [
    () => ({ subject, method: 'POST', path: all, body: settings(n), to: [n, n] }),
    () => ({ subject, method: 'PUT', path: `${all}/${name}`, body: settings(n + 1), to: [n + 1, n + 1] }),
    () => ({ subject, method: 'DELETE', path: `${all}/${name}`, to: null }),
  ];
  return isKept(n) ? changes.slice(0, 2) : changes;
}

function tokenChanges({ round, tokens }: Ledger, n: number): (() => Change)[] {
  const name = `r${round}-t${n}`;
  const subject = `token ${name}`;
  let id = '';
  const answered: Change['answered'] = (made) => {
    id = made.id;
    tokens.set(name, made.value ?? '');
  };
  const body = { name, permissions: ['run'] };
  const changes: (() => Change)[] = [
    () => ({ subject, method: 'POST', path: 'tokens', body, to: 'works', answered }),
    () => ({ subject, method: 'DELETE', path: `tokens/${id}`, to: null }),
  ];
  return isKept(n) ? changes.slice(0, 1) : changes;
}

function keyChanges({ round, gateways }: Ledger, n: number): (() => Change)[] {
  const alias = `r${round}-k${n}`;
  const subject = `key ${alias}`;
  const all = `ai-gateway/gateways/${gateways.plain}/provider_configs`;
  let id = '';
  const limits = (value: number) => ({ rate_limit: value, rate_limit_period: value });
  const body = { alias, default_config: false, provider_slug: 'openai', secret: `sk-${alias}`, ...limits(n + 1) };
  const answered: Change['answered'] = (made) => {
    id = made.id;
  };
  const changes: (() => Change)[] = [
    () => ({ subject, method: 'POST', path: all, body, to: [n + 1, n + 1], answered }),
    () => ({ subject, method: 'PATCH', path: `${all}/${id}`, body: limits(n + 2), to: [n + 2, n + 2] }),
    () => ({ subject, method: 'DELETE', path: `${all}/${id}`, to: null }),
  ];
  // Few are kept: they are read back as one page.
  return n < 30 ? changes.slice(0, 2) : changes;
}

function priceChanges({ round }: Ledger, n: number): (() => Change)[] {
  const model = `r${round}-p${n}`;
  const subject = `price ${model}`;
  const path = `ai-gateway/prices/openai/${model}`;
  const rates = (value: string) => ({ rates: { input: value, output: value } });
  const changes: (() => Change)[] = [
    () => ({ subject, method: 'PUT', path, body: rates(`0.${n + 1}1`), to: [`0.${n + 1}1`, `0.${n + 1}1`] }),
    () => ({ subject, method: 'PUT', path, body: rates(`0.${n + 1}2`), to: [`0.${n + 1}2`, `0.${n + 1}2`] }),
    () => ({ subject, method: 'DELETE', path, to: null }),
  ];
  return isKept(n) ? changes.slice(0, 2) : changes;
}

function scoreChanges({ gateways, sent }: Ledger, n: number, random: () => number): (() => Change)[] {
  const ended = sent.filter((one) => one.gateway === gateways.plain && one.ended !== null);
  const id = ended[Math.floor(random() * ended.length)]?.ended?.id;
  if (id === undefined) return [];
  const path = `ai-gateway/gateways/${gateways.plain}/logs/${id}`;
  const feedback = n % 2 === 0 ? 1 : -1;
  return [() => ({ subject: `score ${id}`, method: 'PATCH', path, body: { score: n, feedback }, to: [n, feedback] })];
}

/** What the API shows of a subject; null when there is no such thing. */
export async function readSubject(headgate: Headgate, ledger: Ledger, subject: string): Promise<unknown> {
  const [kind = '', name = ''] = subject.split(' ');
  const get = async <T>(path: string): Promise<T | null> => {
    const answer = await headgate.api('GET', path);
    return answer.status === 404 ? null : ((await answer.json()) as { result: T }).result;
  };
  switch (kind) {
    case 'gateway': {
      const found = await get<{ cache_ttl: number; rate_limiting_limit: number }>(`ai-gateway/gateways/${name}`);
      return found && [found.cache_ttl, found.rate_limiting_limit];
    }
    case 'token':
      return (await isAccepted(headgate, ledger, name)) ? 'works' : null;
    case 'key': {
      const listed = await get<{ alias: string; rate_limit: number; rate_limit_period: number }[]>(
        `ai-gateway/gateways/${ledger.gateways.plain}/provider_configs?per_page=100`,
      );
      const found = listed?.find(({ alias }) => alias === name);
      return found ? [found.rate_limit, found.rate_limit_period] : null;
    }
    case 'price': {
      const found = await get<{ rates: { input: string; output: string } }>(`ai-gateway/prices/openai/${name}`);
      return found && [found.rates.input, found.rates.output];
    }
    case 'score': {
      const found = await get<{ score: number | null; feedback: number | null }>(
        `ai-gateway/gateways/${ledger.gateways.plain}/logs/${name}`,
      );
      return found && (found.score === null ? null : [found.score, found.feedback]);
    }
    default:
      throw new Error(`no such kind: ${kind}`);
  }
}

/** Whether the data plane takes a token whose value is known; one whose value never came counts as not accepted. */
async function isAccepted(headgate: Headgate, { gateways, tokens }: Ledger, name: string): Promise<boolean> {
  const value = tokens.get(name);
  if (value === undefined) return false;
  const answer = await fetch(`${headgate.origin}/v1/local/${gateways.plain}/sandbox/v1/models`, {
    headers: { 'cf-aig-authorization': `Bearer ${value}` },
  });
  await answer.text();
  return answer.status !== 401;
}
