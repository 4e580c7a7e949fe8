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
  model: googleModel,
  format: googleFormat,
});
