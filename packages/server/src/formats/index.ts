/**
 * Wire formats: reading requests and answers, plain and streamed, one folder per format. Knows no provider, no gateway,
 * no storage, and does no I/O.
 */
export { anthropicUsage } from './anthropic-messages/usage.ts';
export { createReader } from './reader.ts';
export { jsonText } from './json.ts';
export * from './reading.ts';
export { formatForPath } from './path.ts';
export { type RealtimeFrame, readRealtime } from './realtime/index.ts';
export { readRequest } from './request.ts';
export { setMember } from './members.ts';
export { askForUsage, UsageHider } from './stream-usage/index.ts';
export { emptyUsage, usageMetadata } from './usage.ts';
