import type { LogFilter, LogFilterKey, LogSelection } from '../log-ports.ts';
import type { Chunk, NumberName } from './chunk.ts';
import { numberCondition } from './number-test.ts';
import { idVerdict, markIds } from './id-search.ts';
import type { Ending, Origin } from './row-codec.ts';
import type { Profiles } from './segment-reader.ts';
import { answers, markTexts, type TextQuestion, textQuestion } from './text-search.ts';

export interface RowTest {
  /** What is known about all rows of a chunk without reading them. */
  verdict(chunk: Chunk): 'all' | 'none' | 'some';
  /** Clears `mask[i]` for each row `i` that fails. */
  apply(chunk: Chunk, mask: Uint8Array, profiles: Profiles): void;
}

export interface Conditions {
  /** What profiles decide alone. */
  origin: ((origin: Origin) => boolean)[];
  ending: ((ending: Ending) => boolean)[];
  rows: RowTest[];
}

type Texts<T> = Partial<Record<LogFilterKey, (profile: T) => string | null>>;
type Numbers<T> = Partial<Record<LogFilterKey, (profile: T) => number>>;

const ORIGIN_TEXTS: Texts<Origin> = {
  request_content_type: (o) => o.requestContentType,
  request_type: (o) => o.requestType,
  provider: (o) => o.provider,
  model: (o) => o.model,
  model_type: (o) => o.modelType,
  user_agent: (o) => o.userAgent,
};
const ORIGIN_NUMBERS: Numbers<Origin> = {
  authentication: (o) => Number(o.authentication),
  wholesale: (o) => Number(o.wholesale),
  compatibilityMode: (o) => Number(o.compatibilityMode),
};
const ENDING_TEXTS: Texts<Ending> = {
  response_content_type: (e) => e.responseContentType,
  dlp_action: (e) => e.dlpAction,
  outcome: (e) => e.outcome,
};
const ENDING_NUMBERS: Numbers<Ending> = {
  success: (e) => Number(e.outcome === 'success'),
  cached: (e) => Number(e.cached),
  status_code: (e) => e.statusCode,
};

const ROW_NUMBERS: Partial<Record<LogFilterKey, NumberName>> = {
  created_at: 'created',
  cost: 'cost',
  tokens: 'tokens',
  tokens_in: 'tokensIn',
  tokens_out: 'tokensOut',
  duration: 'duration',
  feedback: 'feedback',
};

/** Turns filters and search into tests; those on profiles apart, since they look at no row. */
export function compile({ filters, search = '' }: Pick<LogSelection, 'filters' | 'search'>): Conditions {
  const conditions: Conditions = { origin: [], ending: [], rows: [] };
  for (const filter of filters) {
    const origin = profileTest(filter, ORIGIN_TEXTS, ORIGIN_NUMBERS) ?? metadataKeyTest(filter);
    const ending = profileTest(filter, ENDING_TEXTS, ENDING_NUMBERS);
    if (origin !== null) conditions.origin.push(origin);
    else if (ending !== null) conditions.ending.push(ending);
    else conditions.rows.push(columnTest(filter) ?? markedTest(filter));
  }
  if (search !== '') conditions.rows.push(searchTest(textQuestion('contains', [search])));
  return conditions;
}

function profileTest<T>(
  { key, operator, value }: LogFilter,
  texts: Texts<T>,
  numbers: Numbers<T>,
): ((p: T) => boolean) | null {
  const text = texts[key];
  const number = numbers[key];
  const question = textQuestion(operator, value);
  if (text !== undefined) return (profile) => answers(text(profile), question) === (operator !== 'neq');
  if (number === undefined) return null;
  const { holds } = numberCondition(key, operator, value);
  return (profile) => holds(number(profile));
}

function metadataKeyTest({ key, operator, value }: LogFilter): ((origin: Origin) => boolean) | null {
  if (key !== 'metadata.key') return null;
  const question = textQuestion(operator, value);
  return ({ metadataKeys }) => {
    const keys = metadataKeys?.length ? metadataKeys : [null];
    return keys.some((name) => answers(name, question)) === (operator !== 'neq');
  };
}

function columnTest({ key, operator, value }: LogFilter): RowTest | null {
  const name = ROW_NUMBERS[key];
  if (name === undefined) return null;
  const { holds, verdict } = numberCondition(key, operator, value);
  return {
    verdict: (chunk) => verdict(chunk.zone(name)),
    apply: (chunk, mask) => {
      const values = chunk.numbers(name);
      for (let i = 0; i < mask.length; i++) if (!holds(values[i] ?? Number.NaN)) mask[i] = 0;
    },
  };
}

function markedTest({ key, operator, value }: LogFilter): RowTest {
  const question = textQuestion(operator, value);
  const mark = key === 'id' ? markOwnIds : key === 'event_id' ? markEvents : markMetadata;
  const kept = operator === 'neq' ? 0 : 1;
  return {
    verdict: (chunk) => (key === 'id' && operator !== 'neq' ? idVerdict(chunk.zone('id'), question) : 'some'),
    apply: (chunk, mask, profiles) => {
      const hits = new Uint8Array(chunk.rows);
      mark({ chunk, question, hits, profiles });
      for (let i = 0; i < mask.length; i++) if (hits[i] !== kept) mask[i] = 0;
    },
  };
}

function searchTest(question: TextQuestion): RowTest {
  const known = new WeakMap<Origin, boolean>();
  const ofOrigin = (origin: Origin): boolean => {
    const { provider, model, path, userAgent, metadataKeys } = origin;
    const texts = [provider, model, path, userAgent, ...(metadataKeys ?? [])];
    const verdict = known.get(origin) ?? texts.some((text) => answers(text, question));
    known.set(origin, verdict);
    return verdict;
  };
  return {
    verdict: () => 'some',
    apply: (chunk, mask, profiles) => {
      const hits = new Uint8Array(chunk.rows);
      const found = Uint8Array.from(profiles.origin, (origin) => Number(ofOrigin(origin)));
      const origins = chunk.numbers('origin');
      for (let i = 0; i < hits.length; i++) hits[i] = found[origins[i] ?? -1] ?? 0;
      const marking = { chunk, question, hits, profiles };
      markOwnIds(marking);
      markTexts(chunk.texts('event'), question, (row) => {
        hits[row] = 1;
      });
      markMetadata(marking);
      for (let i = 0; i < mask.length; i++) if (hits[i] === 0) mask[i] = 0;
    },
  };
}

/** Sets `hits[i]` for each row `i` that answers the question. */
interface Marking {
  chunk: Chunk;
  question: TextQuestion;
  hits: Uint8Array;
  profiles: Profiles;
}

function markOwnIds({ chunk, question, hits }: Marking): void {
  markIds(chunk.ids, question, (row) => {
    hits[row] = 1;
  });
}

/** An event id that is missing in the column is the row's id. */
function markEvents({ chunk, question, hits, profiles }: Marking): void {
  const events = chunk.texts('event');
  if (events.missing.includes(1)) markOwnIds({ chunk, question, hits, profiles });
  for (let i = 0; i < hits.length; i++) if (events.missing[i] === 0) hits[i] = 0;
  markTexts(events, question, (row) => {
    hits[row] = 1;
  });
}

/** The values of a row follow each other, as many as its origin has keys. */
function markMetadata({ chunk, question, hits, profiles }: Marking): void {
  const values = chunk.texts('metadata');
  const rowOf = new Uint32Array(values.ends.length);
  const origins = chunk.numbers('origin');
  const counts = Uint32Array.from(profiles.origin, ({ metadataKeys }) => metadataKeys?.length ?? 0);
  let next = 0;
  for (let row = 0; row < hits.length; row++) {
    const end = next + (counts[origins[row] ?? -1] ?? 0);
    if (next === end && question.orMissing) hits[row] = 1;
    while (next < end) rowOf[next++] = row;
  }
  markTexts(values, question, (index) => {
    hits[rowOf[index] ?? 0] = 1;
  });
}
