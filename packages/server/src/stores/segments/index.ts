/**
 * The log engine: one directory to a gateway, in it SQLite segments cut by time and size, written by one thread and
 * read by another, so that neither holds up the event loop. It must not know what a gateway, a price or a permission
 * is; it stores, finds and forgets rows.
 */
export { openSegmentLogStore, type SegmentLogOptions } from './store.ts';
