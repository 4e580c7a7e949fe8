/**
 * Every header of the data plane that is the gateway's own: what it reads, and what it adds to answers. `docs/headers.md`
 * is written from this table, and a test holds the server's code against it.
 */
export interface GatewayHeader {
  readonly name: string;
  /** Values it takes, for a reader. */
  readonly value: string;
  readonly meaning: string;
}

/** Read, and never sent upstream. A step of the universal endpoint may carry those marked `step` for itself. */
export interface RequestHeader extends GatewayHeader {
  readonly step: boolean;
}

export const REQUEST_HEADERS: readonly RequestHeader[] = [
  {
    name: 'cf-aig-authorization',
    value: '`Bearer TOKEN` or `TOKEN`',
    meaning: 'token with the run permission, needed where the gateway has `authentication`',
    step: false,
  },
  {
    name: 'cf-aig-event-id',
    value: 'text',
    meaning: 'ties the rows of several calls together; echoed. Default: the request id',
    step: true,
  },
  {
    name: 'cf-aig-collect-log',
    value: '`true`, `false`',
    meaning: 'whether there is a row, whatever `collect_logs` says',
    step: true,
  },
  {
    name: 'cf-aig-collect-log-payload',
    value: '`true`, `false`',
    meaning: '`false`: the row keeps no bodies',
    step: true,
  },
  {
    name: 'cf-aig-metadata',
    value: 'JSON object',
    meaning:
      'up to five entries of text, number or boolean, kept with the row and used by spend limits; further ones and names that begin with `cf.` are left out; a nested value or `null` drops all of it',
    step: true,
  },
  {
    name: 'cf-aig-custom-cost',
    value: 'JSON object',
    meaning: 'the call’s own prices in US dollars; see [prices](prices.md#custom-costs)',
    step: true,
  },
  {
    name: 'cf-aig-skip-cache',
    value: '`true`, `false`',
    meaning: 'neither look up nor store',
    step: true,
  },
  {
    name: 'cf-aig-cache-ttl',
    value: 'seconds',
    meaning:
      'lifetime of the entry, 60 to 2,592,000 (taken to the nearer bound); `0`: not cached. Does not switch caching on by itself',
    step: true,
  },
  {
    name: 'cf-aig-cache-key',
    value: 'text',
    meaning:
      'takes the place of provider, path, model and body in the key and switches caching on; 300 s where neither header nor gateway name a lifetime',
    step: true,
  },
  { name: 'cf-skip-cache', value: '`true`, `false`', meaning: 'old name of `cf-aig-skip-cache`', step: true },
  { name: 'cf-cache-ttl', value: 'seconds', meaning: 'old name of `cf-aig-cache-ttl`', step: true },
  {
    name: 'cf-aig-request-timeout',
    value: 'milliseconds',
    meaning: 'to the first byte of an attempt that has something after it, and of a lone one without retries',
    step: true,
  },
  { name: 'cf-aig-max-attempts', value: '0 to 5', meaning: 'retries after the first try', step: true },
  { name: 'cf-aig-retry-delay', value: '0 to 60000', meaning: 'milliseconds before a retry', step: true },
  { name: 'cf-aig-backoff', value: '`constant`, `linear`, `exponential`', meaning: 'how the delay grows', step: true },
  {
    name: 'cf-aig-byok-alias',
    value: 'text',
    meaning: 'which stored key to use; default: the default one',
    step: true,
  },
  {
    name: 'cf-aig-no-wholesale',
    value: '`true`, `false`',
    meaning: 'the operator’s own keys may not be used; cannot loosen `byok_only`, nor can a step loosen the request',
    step: true,
  },
  {
    name: 'cf-aig-zdr',
    value: '`true`, `false`',
    meaning:
      'zero data retention, whatever `zdr` of the gateway says: the provider is asked not to keep the call where it has a switch for that; the row’s `zdr` says whether; see [providers](providers.md#zero-data-retention)',
    step: true,
  },
];

/** Kept here as well: the identity of the access proxy before us is not the provider's business. */
export const STRIPPED_HEADERS: readonly string[] = [
  'cf-access-token',
  'cf-access-jwt-assertion',
  'cf-access-client-id',
  'cf-access-client-secret',
];

export const RESPONSE_HEADERS: readonly GatewayHeader[] = [
  { name: 'cf-aig-request-id', value: 'UUIDv7', meaning: 'the call' },
  { name: 'cf-aig-event-id', value: 'text', meaning: 'the client’s own, else the request id' },
  {
    name: 'cf-aig-log-id',
    value: 'UUIDv7',
    meaning: 'the row of the attempt that answered; absent where none is kept',
  },
  {
    name: 'cf-aig-step',
    value: 'integer',
    meaning: 'index of the step that answered, from 0; always less than the number of steps sent',
  },
  {
    name: 'cf-aig-cache-status',
    value: '`HIT`, `MISS`',
    meaning: 'absent where the call is not cached; `HIT` also for a call that shared an identical one under way',
  },
  {
    name: 'server-timing',
    value: 'W3C Server Timing',
    meaning: 'own time per stage, after the provider’s own entries; see [metrics](metrics.md#server-timing)',
  },
  {
    name: 'ratelimit-policy',
    value: '`"default";q=LIMIT;w=SECONDS`',
    meaning: 'the gateway’s rate limit (IETF draft), where it counted the call and the provider sent no such fields',
  },
  { name: 'ratelimit', value: '`"default";r=REMAINING;t=SECONDS`', meaning: 'where the call stands in it' },
  { name: 'ratelimit-limit', value: 'integer', meaning: 'the same in the older form' },
  { name: 'ratelimit-remaining', value: 'integer', meaning: 'the same in the older form' },
  { name: 'ratelimit-reset', value: 'seconds', meaning: 'until something frees up' },
  { name: 'retry-after', value: 'seconds', meaning: 'on the gateway’s own 429 and 503' },
  { name: 'x-content-type-options', value: '`nosniff`', meaning: 'answers must not act as pages of this origin' },
];

/** The page `docs/headers.md`. */
export function headersPage(): string {
  const requests = REQUEST_HEADERS.map(
    ({ name, value, meaning, step }) => `| \`${name}\` | ${value} | ${step ? 'yes' : 'no'} | ${meaning} |`,
  );
  const responses = RESPONSE_HEADERS.map(({ name, value, meaning }) => `| \`${name}\` | ${value} | ${meaning} |`);
  return `# Headers of the data plane

Written from \`packages/contract/src/gateway-headers.ts\` by \`npm run generate\`.

## On requests

A step's header wins over the request's, that over the gateway's setting. A value that cannot be used is answered with
400/2004 and the header's name. None of these goes upstream, nor does any other \`cf-aig-\` header, nor a token of this gateway in
whatever header or query parameter it stands.

| header | value | per step | meaning |
| --- | --- | --- | --- |
${requests.join('\n')}

The gateway's token may also stand where a client has room for only one key: \`authorization\` (\`Bearer\`, \`Basic\`, or bare), \`x-api-key\`,
\`x-goog-api-key\`, \`api-key\`, \`xi-api-key\`, \`token\`, or the query (\`key\`, \`api_key\`, \`access_token\`, \`token\`). Provider keys that are
empty or placeholders (\`unused\`, \`undefined\`, \`null\`, \`CF_TEMP_TOKEN\`, a bare \`Bearer\`) count as absent.

Not forwarded either: hop-by-hop fields, \`host\`, \`content-length\`, \`expect\` (made anew), and
${STRIPPED_HEADERS.map((name) => `\`${name}\``).join(', ')}.

## On answers

The provider's own, unchanged except for hop-by-hop fields and any \`cf-aig-\` header of its own; and these:

| header | value | meaning |
| --- | --- | --- |
${responses.join('\n')}

For browsers \`access-control-allow-origin\` and \`access-control-expose-headers\` take the place of the provider's
(\`HEADGATE_CORS_ORIGINS\`).
`;
}
