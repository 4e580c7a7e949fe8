import { asFilled, asList, asName, asObject, asObjects, asString, type Json, parseJson } from './json.ts';
import type { ReadError } from './reading.ts';

/** Longest text taken as message from an error that is not JSON, in characters. */
export const MAX_PLAIN_MESSAGE = 2000;

/**
 * Finds the error in the JSON of a failed answer, in any of the shapes that providers use: `error` as an object or text,
 * `errors`, `detail`, or `message` at the top.
 */
export function readError(value: Json, status: number): ReadError {
  return { ...(nestedError(value) ?? plainError(value)), httpStatus: status };
}

/** The error inside an answer or an event whose status says success, or null. */
export function readHiddenError(value: Json, status: number): ReadError | null {
  const refused = value.success === false && asList(value.errors).length > 0;
  const error = value.type === 'error' || refused ? (nestedError(value) ?? plainError(value)) : wrappedError(value);
  return error === null ? null : { ...error, httpStatus: status };
}

/** The error of an SSE event that is named so, whatever its shape. */
export function readErrorEvent(data: string, status: number): ReadError {
  const value = asObject(parseJson(data));
  return value === null ? plainTextError(data, status) : readError(value, status);
}

/** The error of an answer that is not JSON: its text, shortened. */
export function plainTextError(text: string, status: number): ReadError {
  const message = text.trim().slice(0, MAX_PLAIN_MESSAGE);
  return { type: null, code: null, message: message === '' ? null : message, httpStatus: status };
}

type Named = Pick<ReadError, 'type' | 'code' | 'message'>;

function nestedError(value: Json): Named | null {
  return wrappedError(value) ?? firstOf(value.errors) ?? detailError(value.detail);
}

function wrappedError(value: Json): Named | null {
  const { error } = value;
  const object = asObject(error);
  if (object !== null && !isEmpty(object)) return plainError(object);
  const message = Array.isArray(error) ? messageOf(error) : asFilled(error);
  return message === null ? null : { type: asName(value.error_type), code: codeOf(value), message };
}

function isEmpty(object: Json): boolean {
  for (const _name in object) return false;
  return true;
}

function firstOf(errors: unknown): Named | null {
  const [first] = asObjects(errors);
  return first === undefined ? null : plainError(first);
}

function detailError(detail: unknown): Named | null {
  const object = asObject(detail);
  if (object !== null) return plainError(object);
  const message = messageOf(detail);
  return message === null ? null : { type: null, code: null, message };
}

/** Google writes the kind as `status`, AWS as `__type`; `"error"` only says that this is one. */
function plainError(value: Json): Named {
  const kind = asName(value.type) ?? asName(value.__type) ?? asName(value.status);
  return { type: kind === 'error' ? null : kind, code: codeOf(value), message: messageOf(value) };
}

function codeOf(value: Json): string | number | null {
  const { code } = value;
  return typeof code === 'string' || typeof code === 'number' ? code : null;
}

/** How deep a message may lie; a hostile body could nest any depth. */
const MAX_DEPTH = 5;

/** Text, or what validators nest: `{message: {detail: [{msg}]}}`. */
function messageOf(value: unknown, depth = 0): string | null {
  if (depth > MAX_DEPTH) return null;
  if (Array.isArray(value)) {
    const messages = value.slice(0, 10).map((item) => messageOf(item, depth + 1));
    return asFilled(messages.filter((message) => message !== null).join('; '));
  }
  const object = asObject(value);
  if (object === null) return asString(value);
  for (const name of ['message', 'msg', 'detail', 'description', 'error', 'title', 'Message']) {
    const message = messageOf(object[name], depth + 1);
    if (message !== null) return message;
  }
  return null;
}
