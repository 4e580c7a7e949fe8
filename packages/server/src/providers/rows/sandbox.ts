import { ensureVersion, plainRow } from '../plain-rule.ts';

/** Answered inside this process: its URLs have the scheme `sandbox:` and no host, so nothing can fetch them by mistake. */
export const sandbox = plainRow({
  slug: 'sandbox',
  name: 'Sandbox',
  baseUrl: 'sandbox:',
  credentialHeaders: ['authorization', 'x-api-key'],
  auth: { kind: 'none' },
  streamUsage: 'asked',
  rewrite: ensureVersion(),
});
