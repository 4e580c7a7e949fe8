import { plainRow } from '../plain-rule.ts';

export const elevenlabs = plainRow({
  slug: 'elevenlabs',
  name: 'ElevenLabs',
  baseUrl: 'https://api.elevenlabs.io',
  credentialHeaders: ['xi-api-key', 'authorization'],
  auth: { kind: 'header', name: 'xi-api-key' },
  format: () => 'unknown',
});
