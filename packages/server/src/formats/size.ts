/** Containers nested deeper than this are taken for too large; no usage or argument comes near. */
const MAX_DEPTH = 100;

/**
 * About how many bytes a parsed JSON value takes as text, or null where that is more than `limit` or it is nested too
 * deeply. Stops as soon as that is known, so a hostile value costs no more than the limit.
 */
export function sizeWithin(value: unknown, limit: number): number | null {
  const free = take(value, { free: limit, depth: 0 });
  return free === null ? null : limit - free;
}

function take(value: unknown, { free, depth }: { free: number; depth: number }): number | null {
  if (typeof value === 'string') return left(free, value.length + 2);
  if (typeof value !== 'object' || value === null) return left(free, 8);
  if (depth >= MAX_DEPTH) return null;
  let rest = left(free, 2);
  for (const [name, inner] of entriesOf(value)) {
    if (rest === null) return null;
    rest = left(rest, typeof name === 'string' ? name.length + 4 : 1);
    if (rest !== null) rest = take(inner, { free: rest, depth: depth + 1 });
  }
  return rest;
}

function* entriesOf(value: object): Generator<[string | number, unknown]> {
  if (Array.isArray(value)) for (const [at, inner] of value.entries()) yield [at, inner];
  else for (const name in value) if (Object.hasOwn(value, name)) yield [name, (value as Record<string, unknown>)[name]];
}

function left(free: number, used: number): number | null {
  return used > free ? null : free - used;
}
