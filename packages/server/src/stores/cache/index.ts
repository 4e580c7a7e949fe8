/**
 * The answer cache: memory over one SQLite file. It must not know what may be cached, for how long, or what a request
 * looks like; it keeps answers under keys, forgets them in time, and never grows past its bounds.
 *
 * The file belongs to a thread of its own. Measured on 2 cores, SSD, WAL, a full page cache: writing small entries in
 * batches from the event loop cost 54 µs each and held it up for 31 ms at worst, a body of 25 MB for 70 to 105 ms; handing
 * them to the thread costs 1.3 µs, and 6 to 20 ms for the copy of 25 MB. Asking the thread costs 90 µs of processor time, a
 * lookup in place 5 µs and sometimes a wait for the disk: so the main thread keeps a fingerprint of each entry on disk
 * (about 45 bytes), by which a miss costs 0.3 µs and no question.
 */
export { createMemoryAnswerCache } from './memory-cache.ts';
export { type AnswerCacheOptions, openAnswerCache } from './tiered-cache.ts';
