import { plainRow } from '../plain-rule.ts';

/** Wants both headers: a bearer token, and the client id as `x-api-key`. */
export const adobeFirefly = plainRow({
  slug: 'adobe-firefly',
  name: 'Adobe Firefly',
  baseUrl: 'https://firefly-api.adobe.io',
  credentialHeaders: ['authorization', 'x-api-key'],
  auth: {
    kind: 'client-credentials',
    tokenUrl: 'https://ims-na1.adobelogin.com/ims/token/v3',
    scope: 'openid,AdobeID,session,additional_info,read_organizations,firefly_api,ff_apis',
    idHeader: 'x-api-key',
  },
  format: () => 'unknown',
});
