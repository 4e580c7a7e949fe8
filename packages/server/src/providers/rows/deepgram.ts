import { plainRow } from '../plain-rule.ts';

export const deepgram = plainRow({
  slug: 'deepgram',
  name: 'Deepgram',
  baseUrl: 'https://api.deepgram.com',
  credentialHeaders: ['authorization', 'token'],
  auth: { kind: 'header', name: 'authorization', prefix: 'Token ' },
  // The body is audio or bare text: only the query names the model.
  model: (_, query) => new URLSearchParams(query).get('model'),
  format: () => 'unknown',
});
