import type { LogFilter, LogFilterKey, LogSelection } from '../ports.ts';
import type { Chunk, NumberName } from './chunk.ts';
import { numberCondition } from './number-test.ts';
import type { Profile } from './row-codec.ts';
import { answers, idTexts, markTexts, type TextQuestion, textQuestion } from './text-search.ts';

/** Decides by the profile alone. */
export type ProfileTest = (profile: Profile) => boolean;

export interface RowTest {
  /** What is known about all rows of a chunk without reading them. */
  verdict(chunk: Chunk): 'all' | 'none' | 'some';
  /** Clears `mask[i]` for each row `i` that fails. */
  apply(chunk: Chunk, mask: Uint8Array, profiles: readonly Profile[]): void;
}

export interface Conditions {
  profile: ProfileTest[];
  rows: RowTest[];
}

const PROFILE_TEXTS: Partial<Record<LogFilterKey, (p: Profile) => string | null>> = {
  request_content_type: (p) => p.requestContentType,
  response_content_type: (p) => p.responseContentType,
  request_type: (p) => p.requestType,
  provider: (p) => p.provider,
  model: (p) => p.model,
  model_type: (p) => p.modelType,
  dlp_action: (p) => p.dlpAction,
  user_agent: (p) => p.userAgent,
  outcome: (p) => p.outcome,
};

const PROFILE_NUMBERS: Partial<Record<LogFilterKey, (p: Profile) => number>> = {
  success: (p) => Number(p.outcome === 'success'),
  cached: (p) => Number(p.cached),
  authentication: (p) => Number(p.authentication),
  wholesale: (p) => Number(p.wholesale),
  compatibilityMode: (p) => Number(p.compatibilityMode),
  status_code: (p) => p.statusCode,
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
  const conditions: Conditions = { profile: [], rows: [] };
  for (const filter of filters) add(conditions, filter);
  if (search !== '') conditions.rows.push(searchTest(textQuestion('contains', [search])));
  return conditions;
}

function add(conditions: Conditions, { key, operator, value }: LogFilter): void {
  const question = textQuestion(operator, value);
  const wanted = operator !== 'neq';
  const text = PROFILE_TEXTS[key];
  const number = PROFILE_NUMBERS[key];
  const column = ROW_NUMBERS[key];
  if (text !== undefined) {
    conditions.profile.push((p) => answers(text(p), question) === wanted);
  } else if (number !== undefined) {
    const { holds } = numberCondition(key, operator, value);
    conditions.profile.push((p) => holds(number(p)));
  } else if (column !== undefined) {
    conditions.rows.push(columnTest(column, numberCondition(key, operator, value)));
  } else if (key === 'metadata.key') {
    conditions.profile.push(({ metadataKeys }) => {
      const keys = metadataKeys?.length ? metadataKeys : [null];
      return keys.some((name) => answers(name, question)) === wanted;
    });
  } else {
    const mark = key === 'id' ? markIds : key === 'event_id' ? markEvents : markMetadata;
    conditions.rows.push({
      verdict: () => 'some',
      apply: (chunk, mask, profiles) => {
        const hits = new Uint8Array(chunk.rows);
        mark({ chunk, question, hits, profiles });
        for (let i = 0; i < mask.length; i++) if ((hits[i] === 1) !== wanted) mask[i] = 0;
      },
    });
  }
}

function columnTest(name: NumberName, { holds, verdict }: ReturnType<typeof numberCondition>): RowTest {
  return {
    verdict: (chunk) => verdict(chunk.zone(name)),
    apply: (chunk, mask) => {
      const values = chunk.numbers(name);
      for (let i = 0; i < mask.length; i++) if (!holds(values[i] ?? Number.NaN)) mask[i] = 0;
    },
  };
}

function searchTest(question: TextQuestion): RowTest {
  const ofProfile = ({ provider, model, path, userAgent, metadataKeys }: Profile) =>
    [provider, model, path, userAgent, ...(metadataKeys ?? [])].some((text) => answers(text, question));
  const known = new WeakMap<Profile, boolean>();
  return {
    verdict: () => 'some',
    apply: (chunk, mask, profiles) => {
      const hits = new Uint8Array(chunk.rows);
      const verdicts = profiles.map((profile) => {
        const verdict = known.get(profile) ?? ofProfile(profile);
        known.set(profile, verdict);
        return verdict;
      });
      const numbers = chunk.numbers('profile');
      for (let i = 0; i < hits.length; i++) if (verdicts[numbers[i] ?? -1]) hits[i] = 1;
      const marking = { chunk, question, hits, profiles };
      markIds(marking);
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
  profiles: readonly Profile[];
}

function markIds({ chunk, question, hits }: Marking): void {
  markTexts(idTexts(chunk.ids()), question, (row) => {
    hits[row] = 1;
  });
}

/** An event id that is missing in the column is the row's id. */
function markEvents({ chunk, question, hits, profiles }: Marking): void {
  const events = chunk.texts('event');
  if (events.missing.includes(1)) markIds({ chunk, question, hits, profiles });
  for (let i = 0; i < hits.length; i++) if (events.missing[i] === 0) hits[i] = 0;
  markTexts(events, question, (row) => {
    hits[row] = 1;
  });
}

/** The values of a row follow each other, as many as its profile has keys. */
function markMetadata({ chunk, question, hits, profiles }: Marking): void {
  const values = chunk.texts('metadata');
  const rowOf = new Uint32Array(values.ends.length);
  const numbers = chunk.numbers('profile');
  const counts = profiles.map((profile) => profile.metadataKeys?.length ?? 0);
  let next = 0;
  for (let row = 0; row < hits.length; row++) {
    const count = counts[numbers[row] ?? -1] ?? 0;
    if (count === 0 && question.orMissing) hits[row] = 1;
    rowOf.fill(row, next, next + count);
    next += count;
  }
  markTexts(values, question, (index) => {
    hits[rowOf[index] ?? 0] = 1;
  });
}
