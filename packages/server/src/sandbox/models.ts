import { behaviourOf, LISTED_MODELS } from './behaviour.ts';
import { ApiProblem, type Face } from './problem.ts';
import { CREATED_S } from './reply.ts';

/** The model list, in the shape of the face that asks. */
export function listModels(face: Face): unknown {
  const data = LISTED_MODELS.map((id) => describe(id, face));
  if (face === 'openai') return { object: 'list', data };
  return { data, has_more: false, first_id: LISTED_MODELS[0], last_id: LISTED_MODELS.at(-1) };
}

/** One model, also one that the list does not show, such as `lorem-7`; 404 when there is none of this name. */
export function getModel(id: string, face: Face): unknown {
  if (behaviourOf(id) === null) throw unknownModel(id, face);
  return describe(id, face);
}

/** What each API answers when it has no such model. */
export function unknownModel(id: string, face: Face): ApiProblem {
  if (face === 'anthropic') return new ApiProblem(404, `model: ${id}`);
  const message = `The model \`${id}\` does not exist or you do not have access to it.`;
  return new ApiProblem(404, message, { code: 'model_not_found' });
}

function describe(id: string, face: Face): unknown {
  return face === 'openai'
    ? { id, object: 'model', created: CREATED_S, owned_by: 'sandbox' }
    : { type: 'model', id, display_name: id, created_at: new Date(CREATED_S * 1_000).toISOString() };
}
