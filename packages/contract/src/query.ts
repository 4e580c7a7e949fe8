/** The one query parameter that is an array of objects. */
const LIST = 'filters';

/**
 * Reads a query string into a plain object for validation. A parameter given once is a string, given several times an
 * array of strings. `filters`, an array of objects, comes in two forms:
 * - flattened, as the official SDK sends it: `filters.key=a&filters.operator=eq&filters.value=1&filters.value=2&filters.key=b …`;
 *   every `filters.key` opens a new element, `value` collects, an empty value means null;
 * - one JSON text: `filters=[{"key":"a","operator":"eq","value":[1,2]}]`.
 */
export function readQuery(query: URLSearchParams): Record<string, unknown> {
  const out: Record<string, unknown> = Object.create(null);
  const flattened: Record<string, unknown>[] = [];
  for (const [name, text] of query) {
    if (name.startsWith(`${LIST}.`)) addToList(flattened, name.slice(LIST.length + 1), text);
    else if (name === LIST) out[LIST] = parseJson(text) ?? text;
    else addPlain(out, name, text);
  }
  if (flattened.length > 0) out[LIST] = flattened;
  return out;
}

function addPlain(out: Record<string, unknown>, name: string, text: string): void {
  const before = out[name];
  if (before === undefined) out[name] = text;
  else if (Array.isArray(before)) before.push(text);
  else out[name] = [before, text];
}

function addToList(elements: Record<string, unknown>[], field: string, text: string): void {
  let open = elements.at(-1);
  if (open === undefined || field === 'key') {
    open = Object.create(null) as Record<string, unknown>;
    elements.push(open);
  }
  if (field !== 'value') {
    open[field] = text;
    return;
  }
  const value = text === '' ? null : text;
  if (Array.isArray(open.value)) open.value.push(value);
  else open.value = [value];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
