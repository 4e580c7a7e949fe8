import { isObject, type JsonObject } from './json.ts';
import { ApiProblem } from './problem.ts';

/** The request body as a JSON object; an `ApiProblem` 400 when it is none. */
export function readBody(bytes: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ApiProblem(400, 'We could not parse the JSON body of your request.');
  }
  if (!isObject(value)) throw new ApiProblem(400, 'The body of the request must be a JSON object.');
  return value;
}

export function requiredText(body: JsonObject, field: string): string {
  const value = body[field];
  if (value === undefined || value === null || value === '') throw ApiProblem.missing(field);
  if (typeof value !== 'string') throw ApiProblem.invalid(field, 'expected a string');
  return value;
}

/** A non-empty list. */
export function requiredList(body: JsonObject, field: string): unknown[] {
  const value = body[field];
  if (value === undefined || value === null) throw ApiProblem.missing(field);
  if (!Array.isArray(value)) throw ApiProblem.invalid(field, 'expected an array');
  if (value.length === 0) throw ApiProblem.invalid(field, 'expected an array with at least one element');
  return value;
}

/** A whole number of at least 1, or null when the field is absent. */
export function optionalCount(body: JsonObject, field: string): number | null {
  const value = body[field];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
    throw ApiProblem.invalid(field, 'expected an integer of at least 1');
  }
  return value;
}

/** Whether a stream is asked for; absent means no. */
export function readStream(body: JsonObject): boolean {
  const value = body.stream ?? false;
  if (typeof value !== 'boolean') throw ApiProblem.invalid('stream', 'expected a boolean');
  return value;
}
