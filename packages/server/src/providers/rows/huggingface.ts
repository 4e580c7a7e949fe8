import { decodeSegment } from '../client-path.ts';
import { formatForPath } from '../../formats/index.ts';
import { plainRow } from '../plain-rule.ts';

/** The model id, `owner/name` or a bare name, follows the slug. */
export const huggingface = plainRow({
  slug: 'huggingface',
  name: 'Hugging Face',
  baseUrl: 'https://api-inference.huggingface.co/models',
  credentialHeaders: ['authorization'],
  auth: { kind: 'bearer' },
  model(path) {
    const [owner = '', name = ''] = path.split('/', 2);
    // `{backend}/v1/chat/completions`: the body names the model.
    if (owner === '' || /^v\d/.test(name)) return null;
    return decodeSegment(name === '' ? owner : `${owner}/${name}`);
  },
  format(path) {
    const format = formatForPath(path);
    return format === 'unknown' ? 'tgi' : format;
  },
});
