import type { Chance } from './formats-random.ts';

/** What stands where a reader expects something else. Each is made anew, since some are large. */
const HOSTILE: readonly ((chance: Chance) => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1.5,
  () => 1e308,
  () => 2 ** 53,
  () => -0,
  () => '',
  () => '9'.repeat(400),
  () => '\u0000\ud800￿',
  () => [],
  () => ({}),
  () => [null],
  () => [[[]]],
  () => ({ toString: 1, constructor: 'x', hasOwnProperty: null, length: -1 }),
  () => JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
  (chance) => nested(size(10_000, chance)),
  (chance) => 'x'.repeat(size(100_000, chance)),
  (chance) => Array.from({ length: size(2000, chance) }, (_, at) => ({ index: at, id: `${at}` })),
  (chance) => Object.fromEntries(Array.from({ length: size(2000, chance) }, (_, at) => [`k${at}`, at])),
];

/** Mostly small, so that inputs are many; now and then up to `most`. */
function size(most: number, chance: Chance): number {
  return Math.floor(most * chance.next() ** 8);
}

function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? [value] : { error: value };
  return value;
}

/** A copy of a JSON value with some of its parts replaced, dropped, doubled or moved. */
export function mutateJson(value: unknown, chance: Chance): unknown {
  const copy = copied(value);
  const places = placesIn(copy);
  if (places.length === 0) return chance.pick(HOSTILE)(chance);
  for (let turns = 1 + chance.below(4); turns > 0; turns -= 1) {
    const { holder, key } = chance.pick(places);
    const other = chance.pick(places);
    switch (chance.below(5)) {
      case 0:
        holder[key] = copied(other.holder[other.key]);
        break;
      case 1:
        delete holder[key];
        break;
      case 2:
        holder[`${key}_${chance.below(3)}`] = copied(holder[key]);
        break;
      default:
        holder[key] = chance.pick(HOSTILE)(chance);
    }
  }
  // A list that lost an entry has a hole, which JSON has not.
  return copied(copy);
}

/** A copy of what JSON can hold. */
function copied(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value) ?? 'null');
}

interface Place {
  holder: Record<string, unknown>;
  key: string;
}

/** Where a value could be replaced; of a large one the first places only. */
function placesIn(value: unknown): Place[] {
  const places: Place[] = [];
  const open = [value];
  while (open.length > 0 && places.length < 400) {
    const holder = open.shift();
    if (typeof holder !== 'object' || holder === null) continue;
    for (const key of Object.keys(holder).slice(0, 60)) {
      places.push({ holder: holder as Record<string, unknown>, key });
      open.push((holder as Record<string, unknown>)[key]);
    }
  }
  return places;
}

/** The same list with some of its entries doubled, dropped, moved, or replaced by ones from elsewhere. */
export function mutateList<T>(list: readonly T[], others: readonly T[], chance: Chance): T[] {
  const copy = [...list];
  for (let turns = chance.below(4); turns > 0 && copy.length > 0; turns -= 1) {
    const at = chance.below(copy.length);
    const taken = copy[at] as T;
    if (chance.below(4) === 0) copy.splice(at, 1);
    else if (chance.below(3) === 0) copy.splice(chance.below(copy.length), 0, taken);
    else if (chance.below(2) === 0) copy.splice(at, 0, ...Array.from({ length: chance.below(20) }, () => taken));
    else copy.splice(at, 1, chance.pick(others));
  }
  return copy;
}

/** The same bytes with some of them flipped, cut out, doubled or made up. */
export function mutateBytes(bytes: Uint8Array, chance: Chance): Uint8Array {
  let copy = Uint8Array.from(bytes);
  for (let turns = 1 + chance.below(6); turns > 0 && copy.length > 0; turns -= 1) {
    const [from, to] = [chance.below(copy.length), chance.below(copy.length)].sort((a, b) => a - b) as [number, number];
    const end = Math.min(to, from + chance.below(400));
    switch (chance.below(5)) {
      case 0:
        copy[from] = (copy[from] ?? 0) ^ (1 << chance.below(8));
        break;
      case 1:
        copy[from] = chance.pick(MARKS);
        break;
      case 2:
        copy = joined(copy.subarray(0, from), copy.subarray(end));
        break;
      case 3:
        copy = joined(copy.subarray(0, end), copy.subarray(from));
        break;
      default:
        copy = copy.slice(0, chance.below(3) === 0 ? to : copy.length);
    }
  }
  return copy;
}

/** Bytes that mean something to one of the parsers. */
const MARKS = [0, 10, 13, 32, 34, 44, 58, 91, 92, 93, 123, 125, 0x80, 0xc3, 0xe2, 0xed, 0xef, 0xf0, 0xff];

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}
