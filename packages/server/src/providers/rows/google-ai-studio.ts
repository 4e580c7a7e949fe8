import { plainRow } from '../plain-rule.ts';
import { googleFormat, googleModel } from '../google-rule.ts';

export const googleAiStudio = plainRow({
  slug: 'google-ai-studio',
  name: 'Google AI Studio',
  aliases: ['google'],
  baseUrl: 'https://generativelanguage.googleapis.com',
  credentialHeaders: ['x-goog-api-key', 'authorization'],
  // `api_key` is how clients of the Live API name it.
  credentialQuery: ['key', 'api_key'],
  auth: { kind: 'header', name: 'x-goog-api-key' },
  // The OpenAI surface takes the same key as bearer.
  streamUsage: 'asked',
  zeroRetention: { member: ['store'], value: 'false', paths: /(?:^|\/)interactions$/ },
  authAt: (path) => (/^v\d[a-z0-9]*\/openai\//.test(path) ? { kind: 'bearer' } : null),
  model: googleModel,
  format: googleFormat,
});
