import type { Recording } from '../support/recordings.ts';

/** Where a recorded request goes on the gateway. */
export interface GatewayPath {
  slug: string;
  /** Below the slug, with query, encoding as recorded. */
  path: string;
}

/** What stands before the part of a URL that clients append to the gateway's provider path. */
const BASES: Readonly<Record<string, string>> = {
  anthropic: 'https://api.anthropic.com/',
  cerebras: 'https://api.cerebras.ai/v1/',
  cohere: 'https://api.cohere.com/',
  deepseek: 'https://api.deepseek.com/',
  'google-ai-studio': 'https://generativelanguage.googleapis.com/',
  groq: 'https://api.groq.com/openai/v1/',
  mistral: 'https://api.mistral.ai/',
  openai: 'https://api.openai.com/v1/',
  openrouter: 'https://openrouter.ai/api/v1/',
  replicate: 'https://api.replicate.com/v1/',
};

/** Hosts that are a variable part of a provider's base, and how the gateway's path spells them. */
const HOST_RULES: readonly [slug: string, host: RegExp, prefix: string][] = [
  ['aws-bedrock', /^([a-z-]+)\.([a-z0-9-]+)\.(?:amazonaws\.com|api\.aws)$/, '$1/$2/'],
  ['azure-openai', /^([^.]+)\.openai\.azure\.com$/, '$1/'],
  ['google-vertex-ai', /^.*$/, ''],
  ['huggingface', /^.*$/, ''],
];

/** Everything that has no slug of its own goes through this one: its rule appends any path and tells formats by it. */
export const GENERIC_SLUG = 'openai';

/**
 * The path of a recorded request on the gateway. Throws when a provider that has a slug was recorded at a host that its
 * rule does not know.
 */
export function gatewayPath({ provider, request }: Pick<Recording, 'provider' | 'request'>): GatewayPath {
  const url = new URL(request.url);
  const rest = (url.pathname + url.search).slice(1);
  const rule = HOST_RULES.find(([slug]) => slug === provider);
  if (rule !== undefined) {
    const [slug, host, prefix] = rule;
    if (!host.test(url.hostname)) throw new Error(`${provider} was recorded at an unknown host: ${url.hostname}`);
    return { slug, path: url.hostname.replace(host, prefix) + belowDeployments(slug, rest) };
  }
  const base = BASES[provider];
  if (base === undefined) return { slug: GENERIC_SLUG, path: rest };
  if (request.url.startsWith(base)) return { slug: provider, path: request.url.slice(base.length) };
  throw new Error(`${provider} was recorded at an unknown address: ${url.origin}${url.pathname}`);
}

/** `openai/deployments/{name}/…` is `{name}/…` on the gateway; Azure's newer `openai/v1/…` stays as it is. */
function belowDeployments(slug: string, path: string): string {
  return slug === 'azure-openai' ? path.replace(/^openai\/deployments\//, '') : path;
}

/** Slugs that a set of recordings reaches. */
export function slugsOf(recordings: readonly Recording[]): string[] {
  return [...new Set(recordings.map((recording) => gatewayPath(recording).slug))].sort();
}
