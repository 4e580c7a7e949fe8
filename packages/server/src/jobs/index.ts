/**
 * Work that no caller waits for. Knows the stores' ports, prices and the evaluators; knows no HTTP and no gateway.
 */
export { createEvaluationJob, type EvaluationJob } from './evaluate.ts';
export { createRepriceJob, type RepriceJob } from './reprice.ts';
