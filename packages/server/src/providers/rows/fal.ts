import { decodeSegment, readClientPath } from '../client-path.ts';
import { providerRow } from '../provider-row.ts';

const TARGET_HEADER = 'x-fal-target-url';
const FAL_HOST = /^(?:fal\.run|fal\.ai|(?:[a-z0-9-]+\.)+fal\.(?:run|ai|media))$/;
const RUN_HOST = /(?:^|\.)fal\.run$/;

/** `{path}` on the synchronous host, or the whole URL that fal's client library names in a header (queue, storage). */
export const fal = providerRow({
  slug: 'fal',
  name: 'fal',
  baseUrl: 'https://fal.run',
  credentialHeaders: ['authorization'],
  auth: { kind: 'header', name: 'authorization', prefix: 'Key ' },
  keyOrigins: ['https://fal.ai', 'https://*.fal.run', 'https://*.fal.ai', 'https://*.fal.media'],
  format: () => 'unknown',
  place(clientPath, input) {
    const wanted = input.header(TARGET_HEADER);
    if (wanted === null || wanted === '') return { path: clientPath, model: endpointOf(clientPath) };
    const url = readFalUrl(wanted);
    if (url === null) return { problem: `${TARGET_HEADER} must be an https URL of fal.run, fal.ai or fal.media` };
    const path = readClientPath(url.pathname);
    if (typeof path !== 'string') return path;
    return {
      base: url.origin,
      path,
      query: url.search,
      model: RUN_HOST.test(url.hostname) ? endpointOf(path) : null,
      headers: { [TARGET_HEADER]: null },
      userGiven: true,
    };
  },
});

/** The URL, where it is one that may be sent a fal key: no other host, port, or login. */
function readFalUrl(text: string): URL | null {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'https:' || url.port !== '' || url.username !== '' || url.password !== '')
    return null;
  return FAL_HOST.test(url.hostname) ? url : null;
}

/** Endpoint id, e.g. `fal-ai/flux/dev`: the path up to a queue request's own part. */
function endpointOf(path: string): string | null {
  const [id = ''] = path.split(/\/requests(?:\/|$)/, 1);
  return id === '' ? null : decodeSegment(id.replace(/\/$/, ''));
}
