import type { LogFilter } from '../log-ports.ts';
import type { TextColumn } from './columns.ts';

/** What a text filter asks; `neq` is the contrary of `eq`, and its callers turn the answer round. */
export interface TextQuestion {
  operator: Exclude<LogFilter['operator'], 'neq'>;
  texts: string[];
  /** Whether missing is among the alternatives. */
  orMissing: boolean;
}

export function textQuestion(operator: LogFilter['operator'], values: LogFilter['value']): TextQuestion {
  const texts = values.filter((value) => value !== null).map(String);
  const orMissing = operator !== 'lt' && operator !== 'gt' && texts.length < values.length;
  return { operator: operator === 'neq' ? 'eq' : operator, texts, orMissing };
}

/** Whether one text, or its lack, answers the question. */
export function answers(text: string | null, { operator, texts, orMissing }: TextQuestion): boolean {
  if (text === null) return orMissing;
  switch (operator) {
    case 'eq':
      return texts.includes(text);
    case 'contains': {
      const lower = text.toLowerCase();
      return texts.some((wanted) => lower.includes(wanted.toLowerCase()));
    }
    case 'lt':
      return texts.some((wanted) => text < wanted);
    case 'gt':
      return texts.some((wanted) => text > wanted);
  }
}

/** Calls `mark` with the index of each text of the column that answers the question; missing ones are passed over. */
export function markTexts(column: TextColumn, question: TextQuestion, mark: (index: number) => void): void {
  const lower = question.operator === 'contains' ? wholeLower(column.chars) : column.chars;
  const isOrder = question.operator === 'lt' || question.operator === 'gt';
  if (isOrder || lower === null || question.texts.includes('')) {
    markEach(column, question, mark);
    return;
  }
  for (const wanted of question.texts) {
    if (question.operator === 'eq') markFound(column, { chars: lower, wanted, whole: true }, mark);
    else markFound(column, { chars: lower, wanted: wanted.toLowerCase(), whole: false }, mark);
  }
}

/** Finds `wanted` in the characters of all texts at once, and keeps what lies within one text. */
function markFound(
  { ends }: TextColumn,
  { chars, wanted, whole }: { chars: string; wanted: string; whole: boolean },
  mark: (index: number) => void,
): void {
  let index = 0;
  for (let at = chars.indexOf(wanted); at !== -1; ) {
    while ((ends[index] ?? chars.length) <= at) index += 1;
    const end = ends[index] ?? chars.length;
    const start = index === 0 ? 0 : (ends[index - 1] ?? 0);
    const fits = at + wanted.length <= end && (!whole || (at === start && at + wanted.length === end));
    if (fits) mark(index);
    at = chars.indexOf(wanted, fits ? end : at + 1);
  }
}

function markEach({ chars, ends, missing }: TextColumn, question: TextQuestion, mark: (index: number) => void): void {
  for (let i = 0; i < ends.length; i++) {
    if (missing[i] === 0 && answers(chars.slice(ends[i - 1] ?? 0, ends[i]), question)) mark(i);
  }
}

/** All characters in lower case, or null where that is not the same as each text by itself: lengths change, or a sigma looks at its neighbours. */
function wholeLower(chars: string): string | null {
  const lower = chars.toLowerCase();
  return lower.length !== chars.length || chars.includes('Σ') ? null : lower;
}
