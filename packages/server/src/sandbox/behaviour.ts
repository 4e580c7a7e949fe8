/** What an answer says. */
export type Content =
  /** The last user message. */
  | { kind: 'echo' }
  /** Exactly this many tokens of filler. */
  | { kind: 'lorem'; tokens: number }
  /** JSON, after the request's schema when it gives one. */
  | { kind: 'json' }
  /** A call of one of the request's tools. */
  | { kind: 'tool-call' };

/** When the answer comes, and how it ends. */
export interface Pace {
  /** Before the first byte, headers included. */
  firstMs: number;
  /** Between two tokens. */
  perTokenMs: number;
  /** `cut`: the body breaks after `afterTokens`. `stall`: it stops there and stays open until the caller leaves. */
  end: { kind: 'done' } | { kind: 'cut' | 'stall'; afterTokens: number };
}

/** Whether a call fails instead: always, or a fixed share of the calls. */
export type Fault = { kind: 'status'; status: number } | { kind: 'flaky'; percent: number };

export interface Behaviour {
  content: Content;
  pace: Pace;
  fault: Fault | null;
}

const AT_ONCE: Pace = { firstMs: 0, perTokenMs: 0, end: { kind: 'done' } };

/** Model names shown in the list; the numbers in them may be changed within the bounds of `PATTERNS`. */
export const LISTED_MODELS: readonly string[] = [
  'echo',
  'lorem-200',
  'slow',
  'slow-2000-50',
  'json',
  'tool-call',
  'cut',
  'stall',
  'flaky-30',
  'error-429',
  'error-500',
];

interface Pattern {
  name: string;
  /** One per number of the name, in order: absent numbers take `usual`, others must lie between `least` and `most`. */
  numbers: readonly { usual: number | null; least: number; most: number }[];
  build(numbers: readonly number[]): Partial<Behaviour>;
}

const COUNT = { least: 1, most: 100_000 };

const PATTERNS: readonly Pattern[] = [
  { name: 'echo', numbers: [], build: () => ({}) },
  { name: 'json', numbers: [], build: () => ({ content: { kind: 'json' } }) },
  { name: 'tool-call', numbers: [], build: () => ({ content: { kind: 'tool-call' } }) },
  {
    name: 'lorem',
    numbers: [{ usual: 200, ...COUNT }],
    build: ([tokens = 0]) => ({ content: { kind: 'lorem', tokens } }),
  },
  {
    name: 'slow',
    numbers: [
      { usual: 1_000, least: 0, most: 600_000 },
      { usual: 20, least: 1, most: 10_000 },
      { usual: 100, ...COUNT },
    ],
    build: ([firstMs = 0, perSecond = 1, tokens = 0]) => ({
      content: { kind: 'lorem', tokens },
      pace: { firstMs, perTokenMs: 1_000 / perSecond, end: { kind: 'done' } },
    }),
  },
  { name: 'cut', numbers: [{ usual: 10, least: 0, most: 50_000 }], build: ([after = 0]) => breaking('cut', after) },
  { name: 'stall', numbers: [{ usual: 10, least: 0, most: 50_000 }], build: ([after = 0]) => breaking('stall', after) },
  {
    name: 'flaky',
    numbers: [{ usual: 50, least: 0, most: 100 }],
    build: ([percent = 0]) => ({ fault: { kind: 'flaky', percent } }),
  },
  {
    name: 'error',
    numbers: [{ usual: null, least: 400, most: 599 }],
    build: ([status = 0]) => ({ fault: { kind: 'status', status } }),
  },
];

/** Reads a model name such as `slow-2000-50`; null when the sandbox has no such model. */
export function behaviourOf(model: string): Behaviour | null {
  for (const pattern of PATTERNS) {
    if (model !== pattern.name && !model.startsWith(`${pattern.name}-`)) continue;
    const numbers = readNumbers(model.slice(pattern.name.length), pattern.numbers);
    if (numbers !== null) return { content: { kind: 'echo' }, pace: AT_ONCE, fault: null, ...pattern.build(numbers) };
  }
  return null;
}

function readNumbers(suffix: string, rules: Pattern['numbers']): number[] | null {
  const written = suffix === '' ? [] : suffix.slice(1).split('-');
  if (written.length > rules.length) return null;
  const numbers: number[] = [];
  for (const [i, rule] of rules.entries()) {
    const text = written[i];
    if (text !== undefined && !/^\d{1,6}$/.test(text)) return null;
    const value = text === undefined ? rule.usual : Number(text);
    if (value === null || value < rule.least || value > rule.most) return null;
    numbers.push(value);
  }
  return numbers;
}

/** Slow enough for every token to reach the client before the end does: a broken connection takes along what is queued. */
const BREAKING_TOKEN_MS = 10;

function breaking(kind: 'cut' | 'stall', afterTokens: number): Partial<Behaviour> {
  return {
    content: { kind: 'lorem', tokens: 2 * Math.max(afterTokens, 10) },
    pace: { firstMs: 0, perTokenMs: BREAKING_TOKEN_MS, end: { kind, afterTokens } },
  };
}

/**
 * Whether call number `call` (from 0) of a model that fails `percent` of its calls is one of those: they are spread
 * evenly, so every 100 calls in a row hold exactly `percent` failures, and a retry of a failed call usually succeeds.
 */
export function failsAt(call: number, percent: number): boolean {
  return Math.floor(((call + 1) * percent) / 100) > Math.floor((call * percent) / 100);
}
