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
  const inner = depth + 1;
  let rest = left(free, 2);
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && rest !== null; at++)
      rest = takeMember(value[at], { free: rest, depth: inner }, 1);
    return rest;
  }
  const members = value as Record<string, unknown>;
  for (const name in members) {
    if (rest === null) return null;
    if (Object.hasOwn(members, name)) rest = takeMember(members[name], { free: rest, depth: inner }, name.length + 4);
  }
  return rest;
}

function takeMember(
  value: unknown,
  { free, depth }: { free: number; depth: number },
  nameBytes: number,
): number | null {
  const rest = left(free, nameBytes);
  return rest === null ? null : take(value, { free: rest, depth });
}

function left(free: number, used: number): number | null {
  return used > free ? null : free - used;
}
