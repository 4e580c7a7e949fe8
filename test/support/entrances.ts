/** Every way for a call to come in, as a table: tests that hold for all of them walk through it. */
import { PROVIDERS } from '../../packages/server/src/providers/index.ts';
import type { Walk } from './walk.ts';

/** What a caller sends beside what the entrance itself needs. */
export interface Asking {
  /** Of ours, `cf-aig-…`: they go onto the request. */
  ours?: Record<string, string>;
  /** The provider's credential; left out: none. */
  credential?: string;
  /** Other headers for the provider. */
  headers?: Record<string, string>;
  account?: string;
  gateway?: string;
}

export interface Entrance {
  readonly name: string;
  /** As in the log: how the call came in. */
  readonly surface: 'native' | 'universal';
  /** Slug of the provider that is asked. */
  readonly provider: string;
  readonly method: string;
  readonly streams: boolean;
  /** Account and gateway stand in its address; else the account is the process's own. */
  readonly namesAccount: boolean;
  ask(walk: Walk, asking?: Asking): Promise<Response>;
}

type Form = 'json' | 'stream' | 'multipart' | 'none';

/** A provider's path, one for each row of the registry: a new row has to be added. */
export const SAMPLE_PATHS: Readonly<Record<string, string>> = {
  openai: 'chat/completions',
  anthropic: 'v1/messages',
  'google-ai-studio': 'v1beta/models/gemini-2.5-pro:generateContent',
  'google-vertex-ai': 'v1/projects/p/locations/us-east4/publishers/google/models/gemini-2.5-pro:generateContent',
  'workers-ai': '@cf/meta/llama-3.1-8b-instruct',
  'aws-bedrock': 'bedrock-runtime/us-east-1/model/m/converse',
  'azure-openai': 'resource/deployment/chat/completions?api-version=2024-10-21',
  azure: 'resource/anthropic/v1/messages',
  grok: 'v1/chat/completions',
  groq: 'chat/completions',
  mistral: 'v1/chat/completions',
  deepseek: 'chat/completions',
  cohere: 'v2/chat',
  'perplexity-ai': 'chat/completions',
  cerebras: 'chat/completions',
  openrouter: 'chat/completions',
  fireworks: 'chat/completions',
  baseten: 'model/abcd1234',
  parallel: 'v1/tasks/runs',
  replicate: 'predictions',
  huggingface: 'bigcode/starcoder',
  fal: 'fal-ai/fast-sdxl',
  ideogram: 'v1/ideogram-v3/generate',
  cartesia: 'tts/bytes',
  elevenlabs: 'v1/text-to-speech/voice',
  deepgram: 'v1/speak',
  'adobe-firefly': 'v3/images/generate',
  sandbox: 'v1/chat/completions',
};

/** The custom provider that tests set up under `CUSTOM_SLUG`, as URLs name it. */
export const CUSTOM = 'custom-mine';
export const CUSTOM_SLUG = 'mine';

const QUESTION = { model: 'm', max_tokens: 10 };
const BOUNDARY = 'a-boundary-that-stays';
const FORMS: Record<Form, { type: string | null; body: string | null }> = {
  json: { type: 'application/json', body: JSON.stringify(QUESTION) },
  stream: { type: 'application/json', body: JSON.stringify({ ...QUESTION, stream: true }) },
  multipart: {
    type: `multipart/form-data; boundary=${BOUNDARY}`,
    body: `--${BOUNDARY}\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n--${BOUNDARY}--\r\n`,
  },
  none: { type: null, body: null },
};

/** Where a credential of this provider goes. */
function credentialHeader(provider: string, credential: string | undefined): Record<string, string> {
  if (credential === undefined) return {};
  const row = PROVIDERS.find(({ slug }) => slug === provider);
  return { [row?.credentialHeaders[0] ?? 'authorization']: `Bearer ${credential}` };
}

interface Native {
  path?: string;
  method?: string;
  form?: Form;
  extra?: Record<string, string>;
}

function native(provider: string, { path, method = 'POST', form = 'json', extra = {} }: Native = {}): Entrance {
  const below = path ?? SAMPLE_PATHS[provider] ?? 'v1/anything';
  const { type, body } = FORMS[form];
  return {
    name: `${method} /${provider}/${below}${form === 'json' ? '' : `, ${form}`}${Object.keys(extra).join()}`,
    surface: 'native',
    provider,
    method,
    streams: form === 'stream',
    namesAccount: true,
    ask: (walk, { ours = {}, credential, headers = {}, account = 'local', gateway = 'g' } = {}) =>
      fetch(`${walk.origin}/v1/${account}/${gateway}/${provider}/${below}`, {
        method,
        headers: {
          ...(type === null ? {} : { 'content-type': type }),
          ...extra,
          ...ours,
          ...headers,
          ...credentialHeader(provider, credential),
        },
        body,
      }),
  };
}

interface Universal {
  shape: 'array' | 'object';
  form?: 'json' | 'stream';
  at?: 'universal' | 'binding';
}

function universal(provider: string, { shape, form = 'json', at = 'universal' }: Universal): Entrance {
  return {
    name: `${at} ${shape}: ${provider}${form === 'json' ? '' : ', stream'}`,
    surface: 'universal',
    provider,
    method: 'POST',
    streams: form === 'stream',
    namesAccount: at === 'universal',
    ask: (walk, { ours = {}, credential, headers = {}, account = 'local', gateway = 'g' } = {}) => {
      const step = {
        provider,
        endpoint: SAMPLE_PATHS[provider] ?? 'v1/anything',
        headers: { ...headers, ...credentialHeader(provider, credential) },
        query: JSON.parse(FORMS[form].body ?? '{}') as object,
      };
      const path = at === 'binding' ? `/ai-gateway/universal/run/${gateway}` : `/v1/${account}/${gateway}`;
      return fetch(walk.origin + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...ours },
        body: JSON.stringify(shape === 'array' ? [step] : step),
      });
    },
  };
}

export const ENTRANCES: readonly Entrance[] = [
  ...PROVIDERS.map(({ slug }) => native(slug)),
  native('openai', { form: 'stream' }),
  native('openai', { path: 'audio/transcriptions', form: 'multipart' }),
  native('openai', { path: 'models', method: 'GET', form: 'none' }),
  native('anthropic', { form: 'stream' }),
  native('aws-bedrock', { path: 'bedrock-mantle/us-east-1/openai/v1/responses' }),
  native('google-vertex-ai', { path: 'v1/publishers/google/models/gemini-2.5-pro:generateContent' }),
  native('azure-openai', { path: 'resource/openai/v1/responses' }),
  native('fal', { extra: { 'x-fal-target-url': 'https://queue.fal.run/fal-ai/flux' } }),
  native(CUSTOM),
  native(CUSTOM, { form: 'stream' }),
  native(CUSTOM, { form: 'multipart' }),
  native(CUSTOM, { method: 'GET', form: 'none' }),
  ...(['openai', 'anthropic', CUSTOM] as const).flatMap((provider) =>
    (['array', 'object'] as const).flatMap((shape) =>
      (['json', 'stream'] as const).map((form) => universal(provider, { shape, form })),
    ),
  ),
  universal('openai', { shape: 'array', at: 'binding' }),
  universal('openai', { shape: 'object', form: 'stream', at: 'binding' }),
  universal(CUSTOM, { shape: 'array', at: 'binding' }),
];
