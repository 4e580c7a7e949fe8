/**
 * Counters of requests and of money: decisions in memory, and a file behind them that outlives the process. Knows nothing
 * of gateways, rules or prices; what a key means is the caller's business.
 */
export { openMemoryCounters } from './memory.ts';
export { openSqliteCounters } from './sqlite.ts';
