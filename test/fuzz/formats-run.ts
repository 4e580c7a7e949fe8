import { type Input, wrongWith } from './formats-check.ts';
import { mutateBytes, mutateJson, mutateList } from './formats-mutate.ts';
import type { Chance } from './formats-random.ts';
import { frame, type Piece, type Target } from './formats-targets.ts';

export interface Result {
  target: string;
  inputs: number;
  bytes: number;
  /** The longest that one input took, both readings and all checks, in milliseconds. */
  slowestMs: number;
  /** The first inputs that something is wrong with. */
  found: { input: Input; wrong: string }[];
}

const STATUSES = [200, 200, 200, 200, 201, 400, 429, 500];
const MAX_FOUND = 5;

/** Reads mutated answers until so many bytes were read, or enough was found. */
export function runTarget(target: Target, budget: { bytes: number; chance: Chance }): Result {
  const { chance } = budget;
  const result: Result = { target: nameOf(target), inputs: 0, bytes: 0, slowestMs: 0, found: [] };
  while (result.bytes < budget.bytes && result.found.length < MAX_FOUND) {
    const input = makeInput(target, chance);
    const started = performance.now();
    const wrong = wrongWith(input, chance);
    result.slowestMs = Math.max(result.slowestMs, performance.now() - started);
    result.inputs += 1;
    // An input of no bytes is one, too.
    result.bytes += Math.max(1, input.body.length);
    if (wrong !== null) result.found.push({ input, wrong });
  }
  return result;
}

export function nameOf({ format, framing }: Target): string {
  return `${format} ${framing}`;
}

function makeInput(target: Target, chance: Chance): Input {
  const { format, contentType, corpus } = target;
  const pieces = mutatePieces(chance.pick(corpus), chance.pick(corpus), chance);
  const framed = dressed(frame(target, pieces), target, chance);
  const body = chance.below(3) === 0 ? mutateBytes(framed, chance) : framed;
  return { format, contentType, status: chance.pick(STATUSES), body };
}

/** The same answer as another server would write it: with a byte order mark, or CRLF at the end of lines. */
function dressed(bytes: Uint8Array, { framing }: Target, chance: Chance): Uint8Array {
  if (framing === 'aws-frames') return bytes;
  if (chance.below(12) === 0) return Buffer.concat([Buffer.from('\ufeff'), bytes]);
  return chance.below(12) === 0 ? Buffer.from(Buffer.from(bytes).toString().replaceAll('\n', '\r\n')) : bytes;
}

function mutatePieces(pieces: readonly Piece[], others: readonly Piece[], chance: Chance): Piece[] {
  const list = mutateList(pieces, others.length === 0 ? pieces : others, chance);
  if (list.length === 0 || chance.below(4) === 0) return list;
  for (let turns = 1 + chance.below(3); turns > 0; turns -= 1) {
    const at = chance.below(list.length);
    const piece = list[at] as Piece;
    list[at] = {
      name: chance.below(12) === 0 ? chance.pick(NAMES) : piece.name,
      value: mutateJson(piece.value, chance),
    };
  }
  return list;
}

const NAMES = [
  null,
  '',
  'error',
  'output',
  'done',
  'messageStop',
  'metadata',
  'thread.run',
  '__proto__',
  'constructor',
];
