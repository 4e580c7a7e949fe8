import { type FormatName, formatForPath } from '../formats/index.ts';
import { decodeSegment } from './client-path.ts';

/** Model of `…/models/{model}:method`; some clients encode the colon. */
export function googleModel(path: string): string | null {
  const name = /(?:^|\/)(?:models|tunedModels)\/([^/]+?)(?:$|:|%3A|\/)/i.exec(path)?.[1];
  return name === undefined ? null : decodeSegment(name);
}

/** `:predict` is shared by embedding models and by image, video and music models, whose answers tell no usage. */
export function googleFormat(clientPath: string): FormatName {
  const path = clientPath.replace(/%3A/gi, ':');
  if (!/:predict\/?$/.test(path)) return formatForPath(path);
  return googleModel(path)?.includes('embedding') === true ? 'google-embeddings' : 'unknown';
}
