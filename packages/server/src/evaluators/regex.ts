import type { RegexParameters } from '@headgate/contract';
import type { Evaluator } from './evaluator.ts';
import { shareOfAnswers } from './share.ts';

/**
 * The two bounds of the time that one answer takes: characters searched, and instructions of the compiled pattern. Both
 * at once take about half a second; patterns that people write have some dozens of instructions.
 */
const MAX_SEARCHED = 32_768;
const MAX_INSTRUCTIONS = 500;

/**
 * Share of the answers in which the pattern is found. RE2 searches in time linear in the answer, whatever the pattern
 * (no look-around, no back-references), so that no pattern hangs the process.
 * @throws SyntaxError for a pattern that RE2 does not take, or that is too large.
 */
export async function regexEvaluator(parameters: RegexParameters): Promise<Evaluator> {
  const pattern = await compile(parameters);
  return shareOfAnswers((text) => pattern.matcher(text.slice(0, MAX_SEARCHED)).find());
}

/** Why a pattern can't be used, or null. */
export async function regexProblem(parameters: RegexParameters): Promise<string | null> {
  try {
    await compile(parameters);
    return null;
  } catch (error) {
    if (error instanceof SyntaxError) return error.message;
    throw error;
  }
}

async function compile({ pattern, ignore_case }: RegexParameters) {
  // A quarter of a megabyte of tables, which most processes never need.
  const { RE2JS, RE2JSException } = await import('re2js');
  try {
    const compiled = RE2JS.compile(pattern, ignore_case ? RE2JS.CASE_INSENSITIVE : 0);
    if (compiled.programSize() > MAX_INSTRUCTIONS) throw new SyntaxError('The pattern is too large: repeat less');
    return compiled;
  } catch (cause) {
    if (cause instanceof RE2JSException) throw new SyntaxError(cause.message, { cause });
    throw cause;
  }
}
