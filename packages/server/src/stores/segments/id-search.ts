import { idNumbers, viewOf, type Zone } from './chunk.ts';
import { idBytes, idText } from './row-codec.ts';
import { answers, type TextQuestion } from './text-search.ts';

const BYTES = 16;
const DIGITS = 32;
/** Digits before each dash of a UUID's text, and at its end. */
const GROUP_ENDS = [8, 12, 16, 20, DIGITS];

/** Calls `mark` with the index of each id (16 bytes each, read only if need be) whose text answers the question. */
export function markIds(read: () => Uint8Array, question: TextQuestion, mark: (index: number) => void): void {
  const { operator } = question;
  const texts = operator === 'lt' || operator === 'gt' ? question.texts : question.texts.filter(isPossible);
  if (texts.length === 0) return;
  const ids = read();
  const digits = texts.map((text) => text.toLowerCase().replaceAll('-', ''));
  if (operator === 'lt' || operator === 'gt' || digits.includes('')) {
    markEach(ids, question, mark);
    return;
  }
  const hex = ids.toHex();
  texts.forEach((wanted, n) => {
    markDigits({ ids, hex, digits: digits[n] ?? '', question: { operator, texts: [wanted], orMissing: false } }, mark);
  });
}

/** What the range of the ids' front numbers tells: ids are ordered as their fronts are, unless these are equal. */
export function idVerdict(zone: Zone | null, { operator, texts }: TextQuestion): 'all' | 'none' | 'some' {
  const { min, max } = zone ?? { min: null, max: null };
  if (min === null || max === null) return 'some';
  const verdicts = texts.map((text) => {
    const bytes = idBytes(text);
    if (bytes === null || operator === 'contains') return 'some';
    const [front] = idNumbers(viewOf(bytes), 0);
    if (operator === 'eq') return front < min || front > max ? 'none' : 'some';
    if (operator === 'lt' ? max < front : min > front) return 'all';
    return (operator === 'lt' ? min > front : max < front) ? 'none' : 'some';
  });
  if (verdicts.includes('all')) return 'all';
  return verdicts.includes('some') ? 'some' : 'none';
}

function isPossible(text: string): boolean {
  return /^[0-9a-f-]*$/i.test(text);
}

/** Looks for the digits in all ids at once; only what touches a dash is compared as text. */
function markDigits(
  { ids, hex, digits, question }: { ids: Uint8Array; hex: string; digits: string; question: TextQuestion },
  mark: (index: number) => void,
): void {
  const hasDash = question.texts.some((text) => text.includes('-'));
  for (let at = hex.indexOf(digits); at !== -1; ) {
    const index = Math.floor(at / DIGITS);
    const from = at % DIGITS;
    const groupEnd = GROUP_ENDS.find((end) => end > from) ?? DIGITS;
    const inOneGroup = !hasDash && question.operator === 'contains' && from + digits.length <= groupEnd;
    const found = inOneGroup || answers(textAt(ids, index), question);
    if (found) mark(index);
    at = hex.indexOf(digits, found ? (index + 1) * DIGITS : at + 1);
  }
}

function markEach(ids: Uint8Array, question: TextQuestion, mark: (index: number) => void): void {
  for (let index = 0; index * BYTES < ids.length; index++) if (answers(textAt(ids, index), question)) mark(index);
}

function textAt(ids: Uint8Array, index: number): string {
  return idText(ids.subarray(index * BYTES, (index + 1) * BYTES));
}
