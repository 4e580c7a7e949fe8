import { plainRow } from '../plain-rule.ts';

/** Wants both headers: a bearer token, and the client id as `x-api-key`. */
export const adobeFirefly = plainRow({
  slug: 'adobe-firefly',
  name: 'Adobe Firefly',
  baseUrl: 'https://firefly-api.adobe.io',
  credentialHeaders: ['authorization', 'x-api-key'],
  format: () => 'unknown',
});
