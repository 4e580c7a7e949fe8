/**
 * Spend limits: which rules of a gateway apply to a call, what they count together, and whether the call may go ahead.
 * Knows no prices (estimates and costs are given to it), no HTTP, and no storage beyond the counters' port.
 */
export {
  type BudgetOutcome,
  type Budgets,
  createBudgets,
} from './budgets.ts';
export type { SpendFacts, SpendLimits } from './spend-rule.ts';
