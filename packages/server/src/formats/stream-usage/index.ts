/**
 * Usage of OpenAI-style streams that do not tell it unasked: asks for it in a request's bytes, and takes what the answer
 * has more for that out of it again. Changes nothing else.
 */
export { askForUsage } from './ask.ts';
export { UsageHider } from './hider.ts';
