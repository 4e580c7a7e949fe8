import { idText } from './row-codec.ts';
import { answers, type TextQuestion } from './text-search.ts';

const BYTES = 16;
const DIGITS = 32;
/** Digits before each dash of a UUID's text, and at its end. */
const GROUP_ENDS = [8, 12, 16, 20, DIGITS];

/** Calls `mark` with the index of each id (16 bytes each) whose text answers the question. */
export function markIds(ids: Uint8Array, question: TextQuestion, mark: (index: number) => void): void {
  const { operator, texts } = question;
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
