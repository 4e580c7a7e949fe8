import { decodeSegment } from '../client-path.ts';
import { type Place, providerRow } from '../provider-row.ts';
import type { AuthStyle, TargetInput } from '../row.ts';

const PATH = /^([^/]*)\/([^/]+)(?:\/(.*))?$/;

/** Hosts by service: AWS serves the newer one under another domain. */
const BASES = new Map([
  ['bedrock-runtime', 'https://bedrock-runtime.{region}.amazonaws.com'],
  ['bedrock-mantle', 'https://bedrock-mantle.{region}.api.aws'],
]);

/** The runtime is signed for under the name `bedrock`, mantle under its own. */
const RUNTIME_AUTH: AuthStyle = { kind: 'sigv4', service: 'bedrock', apiKey: { kind: 'bearer' } };
const MANTLE_AUTH: AuthStyle = { ...RUNTIME_AUTH, service: 'bedrock-mantle' };
const MANTLE_ANTHROPIC_AUTH: AuthStyle = {
  ...MANTLE_AUTH,
  apiKey: { kind: 'header', name: 'x-api-key' },
  defaults: { 'anthropic-version': '2023-06-01' },
};

/**
 * `{service}/{region}/{path}`. The path's encoding and the AWS headers stay as they are: a client that signs does so for
 * the AWS host and these bytes.
 */
export const awsBedrock = providerRow({
  slug: 'aws-bedrock',
  name: 'Amazon Bedrock',
  baseUrl: 'https://bedrock-runtime.{region}.amazonaws.com',
  credentialHeaders: ['authorization', 'x-amz-security-token', 'x-api-key'],
  auth: RUNTIME_AUTH,
  streamUsage: 'asked',
  // The mantle endpoint’s.
  zeroRetention: { member: ['store'], value: 'false', paths: /(?:^|\/)responses$/ },
  keyOrigins: [...BASES.values()],
  place(clientPath, input) {
    const [, service = '', region = '', path = ''] = PATH.exec(clientPath) ?? [];
    const base = BASES.get(service);
    if (base === undefined) {
      return { problem: `Bedrock paths are {service}/{region}/{path}, service one of ${[...BASES.keys()].join(', ')}` };
    }
    const place: Place = { path, base, variables: { service, region }, model: modelOf(path) };
    if (service !== 'bedrock-mantle') return place;
    place.auth = path.startsWith('anthropic/') ? MANTLE_ANTHROPIC_AUTH : MANTLE_AUTH;
    const headers = anthropicHeaders(path, input);
    if (headers !== null) place.headers = headers;
    return place;
  },
});

/** Model of `model/{id}/{operation}`; an id may be an ARN, with slashes of its own when the client left them bare. */
function modelOf(path: string): string | null {
  const id = /^model\/(.+)\/[^/]+\/?$/.exec(path)?.[1];
  return id === undefined ? null : decodeSegment(id);
}

/** Mantle's Anthropic surface takes a Bedrock API key as `x-api-key`; its OpenAI surface and signatures stay as sent. */
function anthropicHeaders(path: string, input: TargetInput): Record<string, string | null> | null {
  if (!path.startsWith('anthropic/')) return null;
  const key = /^Bearer +(\S+)$/i.exec(input.header('authorization') ?? '')?.[1];
  return key === undefined ? null : { 'x-api-key': key, authorization: null };
}
