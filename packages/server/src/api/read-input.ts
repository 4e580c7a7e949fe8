import { readQuery, Refusal, type WireError } from '@headgate/contract';
import type { z } from 'zod';

/** Largest body that the management API reads, in bytes. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

type Origin = 'body' | 'query' | 'path';

/** @throws Refusal `apiValidation` with one error per problem, its path beginning with where the value came from. */
export function validate<T extends z.ZodType>(schema: T, value: unknown, origin: Origin): z.output<T> {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.flatMap((issue) => flatten(issue).map((found) => wireError(found, origin))));
}

/** The refusal for input that breaks a rule which no schema states. */
export function invalidAt(path: (string | number)[], message: string): Refusal {
  return invalid([{ code: 7001, message, path }]);
}

export function parseQuery<T extends z.ZodType>(schema: T, url: string): z.output<T> {
  const start = url.indexOf('?');
  return validate(schema, readQuery(new URLSearchParams(start < 0 ? '' : url.slice(start))), 'query');
}

/** @throws Refusal `apiContentType`, `bodyTooLarge` or `apiValidation`. */
export async function parseBody<T extends z.ZodType>(schema: T, request: Request): Promise<z.output<T>> {
  const contentType = request.headers.get('content-type');
  if (contentType !== null && !/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(contentType)) {
    throw new Refusal('apiContentType');
  }
  let json: unknown;
  try {
    json = JSON.parse(shallow(new TextDecoder('utf-8', { fatal: true }).decode(await readBytes(request))));
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal('apiValidation', {
      errors: [{ code: 7001, message: 'The body is not valid JSON', path: ['body'] }],
      cause,
    });
  }
  return validate(schema, json, 'body');
}

/** Deeper nesting has no use, and would exhaust the stack of whatever walks the value later. */
const MAX_DEPTH = 64;

function shallow(json: string): string {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (inText) {
      if (character === '\\') at++;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth--;
    if (depth > MAX_DEPTH) throw invalidAt(['body'], `The body is nested deeper than ${MAX_DEPTH} levels`);
  }
  return json;
}

async function readBytes(request: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new Refusal('bodyTooLarge');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function invalid(errors: WireError[]): Refusal {
  return new Refusal('apiValidation', { message: errors[0]?.message ?? 'Invalid input', errors });
}

function wireError({ path, message }: z.core.$ZodIssue, origin: Origin): WireError {
  return { code: 7001, message, path: [origin, ...path.map((key) => (typeof key === 'number' ? key : String(key)))] };
}

/**
 * Zod says of a value that fits no branch of a union only that. Clients need the field: the branch that the value was
 * most likely meant for is the one whose fields it has.
 */
function flatten(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const branches = issue.errors.map((branch) => branch.flatMap(flatten));
  const missing = (branch: z.core.$ZodIssue[]) =>
    branch.filter((found) => found.code === 'invalid_type' && found.input === undefined).length;
  const misfits = (branch: z.core.$ZodIssue[]) => branch.filter((found) => found.path.length === 0).length;
  const [best] = branches.sort((a, b) => misfits(a) - misfits(b) || missing(a) - missing(b) || a.length - b.length);
  // Nothing in common with any branch, e.g. a number for an object: the union's own word is the clearest.
  if (best === undefined || misfits(best) > 0) return [issue];
  return best.map((found) => ({ ...found, path: [...issue.path, ...found.path] }));
}
