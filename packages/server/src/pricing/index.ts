/**
 * Prices: which one holds for a model, and what a usage costs at it, in whole pico-dollars. Knows no gateway, no storage
 * and no provider by name; what is particular to one stands in the price list.
 */
export { type Bill, type BillableReading, billableIn, costOfAnswer, costOfBillable, logBill } from './answer-cost.ts';
export { charge, dollarText, parsePico, plainDecimal } from './exact.ts';
export { type CustomCost, CustomCostError, parseCustomCost } from './custom-cost.ts';
export { createPriceBook, type PriceBook } from './price-book.ts';
export { createPriceBooks, type PriceBooks } from './price-books.ts';
export { estimateCost, estimateTokens } from './estimate.ts';
export { wireRateName } from './row.ts';
