/**
 * Wire formats: reading requests and answers, plain and streamed, one folder per format. Knows no provider, no gateway,
 * no storage, and does no I/O.
 */
export * from './reading.ts';
