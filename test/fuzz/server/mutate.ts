import type { Chance } from '../formats-random.ts';
import type { Hostile } from './requests.ts';

/** Values that somebody might not have thought of. */
const TEXTS = [
  ...[
    '',
    ' ',
    '0',
    '-1',
    '1e400',
    'NaN',
    'null',
    'true',
    '{}',
    '[]',
    '[null]',
    '{"a":{"b":[]}}',
    '"',
    '\\',
    '%',
    '%00',
  ],
  ...[
    '../..',
    '//',
    '..%2f..',
    '%2e%2e/',
    '@',
    ':',
    '?',
    '#',
    '$where',
    '__proto__',
    'constructor',
    'toString',
    '\u0000',
  ],
  ...[
    'é',
    '\u{1F600}',
    '\ud800',
    'a'.repeat(5000),
    '9'.repeat(400),
    '0x10',
    '1,2',
    '2026-13-40T99:99:99Z',
    "' OR 1=1 --",
  ],
  ...[
    'http://127.0.0.1/',
    'http://[::1]:1/',
    'http://169.254.169.254/latest',
    'file:///etc/passwd',
    'Bearer ',
    'Bearer a b',
  ],
];
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 0.1, 1e300, -1e300, 2 ** 53, 2 ** 63, [], {}, [[]], [null], { '': '' }],
  ...TEXTS,
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'get', 'P\u0000ST'];
const HEADERS = [
  ...['content-type', 'content-encoding', 'transfer-encoding', 'content-length', 'expect', 'upgrade', 'connection'],
  ...[
    'host',
    'origin',
    'sec-fetch-dest',
    'authorization',
    'x-api-key',
    'api-key',
    'accept-encoding',
    'range',
    'te',
    'x-a',
  ],
];
const KINDS = ['multipart/form-data; boundary=', 'application/json', 'text/plain', 'application/x-ndjson', '*/*', '/'];
const MAX_DEPTH = 20_000;

/** The request with one to four things wrong with it. */
export function mutate(request: Hostile, chance: Chance): Hostile {
  const made: Hostile = { ...request, headers: request.headers.map(([name, value]) => [name, value]) };
  for (let left = 1 + chance.below(4); left > 0; left--) chance.pick(MUTATIONS)(made, chance);
  return made;
}

type Mutation = (request: Hostile, chance: Chance) => void;

const MUTATIONS: readonly Mutation[] = [
  (request, chance) => {
    if (chance.below(4) === 0) request.method = chance.pick(METHODS);
  },
  (request, chance) => {
    request.target = scrambled(request.target, chance);
  },
  (request, chance) => {
    request.target = withHostileParameter(request.target, chance);
  },
  (request, chance) => {
    const header = request.headers.length === 0 ? null : chance.pick(request.headers);
    if (header !== null) header[1] = chance.below(2) === 0 ? chance.pick(TEXTS) : scrambled(header[1], chance);
  },
  (request, chance) => {
    request.headers.push([chance.pick(HEADERS), chance.below(3) === 0 ? chance.pick(KINDS) : chance.pick(TEXTS)]);
  },
  (request, chance) => {
    if (request.headers.length > 0) request.headers.splice(chance.below(request.headers.length), 1);
  },
  mutateJson,
  mutateJson,
  mutateJson,
  (request, chance) => {
    if (request.body !== null) request.body = scrambled(request.body, chance);
  },
  (request, chance) => {
    if (chance.below(8) === 0) request.body = deep(chance);
  },
];

function mutateJson(request: Hostile, chance: Chance): void {
  if (request.body === null) return;
  try {
    request.body = JSON.stringify(changed(JSON.parse(request.body), chance)) ?? '';
  } catch {
    // Not JSON any more: other mutations go on with it.
  }
}

/** The value with something in it replaced, removed, doubled or renamed. */
function changed(value: unknown, chance: Chance): unknown {
  if (value === null || typeof value !== 'object' || chance.below(4) === 0) return chance.pick(VALUES);
  if (Array.isArray(value)) {
    if (value.length === 0 || chance.below(4) === 0) return [...value, ...value, chance.pick(VALUES)];
    const at = chance.below(value.length);
    return chance.below(4) === 0 ? value.toSpliced(at, 1) : value.with(at, changed(value[at], chance));
  }
  const entries = Object.entries(value);
  if (entries.length === 0 || chance.below(8) === 0) entries.push([chance.pick(TEXTS), chance.pick(VALUES)]);
  const at = chance.below(entries.length);
  const [name = '', inner] = entries[at] ?? [];
  const kind = chance.below(6);
  if (kind === 0) entries.splice(at, 1);
  else entries[at] = kind === 1 ? [chance.pick(TEXTS), inner] : [name, changed(inner, chance)];
  return Object.fromEntries(entries);
}

function deep(chance: Chance): string {
  const [open, close] = chance.pick([
    ['[', ']'],
    ['{"a":', '}'],
  ] as const);
  const depth = chance.below(MAX_DEPTH);
  return open.repeat(depth) + (chance.below(2) === 0 ? '1' : '') + close.repeat(chance.below(2) * depth);
}

function scrambled(text: string, chance: Chance): string {
  const at = chance.below(text.length + 1);
  const length = chance.below(6);
  return text.slice(0, at) + chance.pick([...TEXTS, '', text.slice(0, 50)]) + text.slice(at + length);
}

function withHostileParameter(target: string, chance: Chance): string {
  const [path = '', query = ''] = target.split('?', 2);
  const parts = query.split('&').filter((part) => part !== '');
  const at = chance.below(parts.length + 1);
  const name = parts[at]?.split('=')[0] ?? chance.pick(['page', 'per_page', 'filters', 'start', 'group_by', 'a[]']);
  const value =
    chance.below(2) === 0 ? encodeURIComponent(JSON.stringify(chance.pick(VALUES)) ?? '') : chance.pick(TEXTS);
  parts[at] = `${name}=${value}`;
  return `${path}?${parts.join('&')}`;
}
