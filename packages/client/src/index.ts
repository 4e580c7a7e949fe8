/**
 * A typed client of the management API, made from the endpoint records of the contract. It needs `fetch` and timers, and
 * knows nothing of Node, Bun or a browser.
 */
export { type Client, type ClientOptions, createClient } from './client.ts';
export { HeadgateError } from './error.ts';
export { callByName } from './by-name.ts';
export type { CallOptions, InputOf, ItemOf, OutputOf, Page, SafeResult } from './methods.ts';
