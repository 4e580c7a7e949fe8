/** Faults of the wall: what is in the bytes, and how they are framed. */
import { gzipSync } from 'node:zlib';
import { faults } from '../support/fault-upstream.ts';
import { delta, usageEvent } from '../support/scripted.ts';
import { COMPLETION, SSE } from './wall-answers.ts';
import type { Fault } from './wall-scene.ts';

const DONE = 'data: [DONE]\n\n';
const GOOD_END = 'success 200 3→2 tokens';

/** A stream of these events; the client must get them whole. */
const stream = (fault: string, pieces: readonly string[], log = GOOD_END): Fault => ({
  fault,
  scripts: [faults.answer({ headers: SSE, body: pieces })],
  sent: pieces.join(''),
  client: '200 as sent',
  upstream: '1 request',
  log,
});

const EVENTS = [delta('Hel'), delta('lo'), usageEvent, DONE];
const WHOLE = EVENTS.join('');
const LATE_USAGE = usageEvent.replace('"completion_tokens":2', '"completion_tokens":9');

export const streamFaults: Fault[] = [
  stream('an event that is no JSON', [delta('Hel'), 'data: {"choices":[{\n\n', delta('lo'), usageEvent, DONE]),
  stream('an event without data, a comment, an unknown field', [
    ': hello\n\n',
    'event: x\n\n',
    'colour: red\n',
    ...EVENTS,
  ]),
  stream('no [DONE]', [delta('Hel'), delta('lo'), usageEvent]),
  stream('no [DONE], no usage', [delta('Hel'), delta('lo')], 'success 200 7→2 tokens'),
  stream('[DONE] twice', [...EVENTS, DONE]),
  stream('events after [DONE]', [...EVENTS, delta('more')]),
  stream('usage twice: the later one counts', [delta('Hel'), usageEvent, LATE_USAGE, DONE], 'success 200 3→9 tokens'),
  stream(
    'an error inside a 200',
    [delta('Hel'), 'data: {"error":{"message":"overloaded","code":503}}\n\n'],
    'error 200 503',
  ),
  stream('pieces of one byte', [...WHOLE]),
  stream('CRLF', [WHOLE.replaceAll('\n', '\r\n')]),
  stream('CR alone', [WHOLE.replaceAll('\n', '\r')]),
  stream('CRLF cut between CR and LF', WHOLE.replaceAll('\n', '\r\n').split(/(?<=\r)/)),
  stream('LF and CRLF by turns', [delta('Hel').replaceAll('\n', '\r\n'), delta('lo'), usageEvent, DONE]),
  stream('a giant event (2 MiB)', [delta('x'.repeat(2 * 1024 * 1024)), usageEvent, DONE]),
  stream('an empty stream', [], 'success 200'),
];

const LENGTH = COMPLETION.length;
const raw = (headers: string, body: string | Uint8Array, close = true) =>
  faults.bytes(
    Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n`), Buffer.from(body as string)]),
    close,
  );
const JSON_TYPE = 'content-type: application/json';

export const framingFaults: Fault[] = [
  {
    fault: 'JSON that says text/event-stream',
    scripts: [faults.answer({ headers: SSE, body: COMPLETION })],
    sent: COMPLETION,
    client: '200 as sent',
    upstream: '1 request',
    log: GOOD_END,
  },
  {
    fault: 'a stream that says application/json',
    scripts: [faults.answer({ body: EVENTS })],
    sent: WHOLE,
    client: '200 as sent',
    upstream: '1 request',
    log: GOOD_END,
  },
  {
    fault: 'an HTML page with 200',
    scripts: [faults.answer({ headers: { 'content-type': 'text/html' }, body: '<h1>maintenance</h1>' })],
    sent: '<h1>maintenance</h1>',
    client: '200 as sent',
    upstream: '1 request',
    log: 'success 200',
  },
  {
    fault: 'JSON cut inside, with a right length',
    scripts: [faults.answer({ body: COMPLETION.slice(0, 40) })],
    sent: COMPLETION.slice(0, 40),
    client: '200 as sent',
    upstream: '1 request',
    log: 'success 200',
  },
  {
    fault: 'content-length too long',
    scripts: [faults.contentLengthTooLong()],
    sent: '{"half":',
    client: 'broken',
    upstream: '1 request',
    log: 'truncated 200',
  },
  {
    fault: 'content-length too short: the rest is dropped with the connection',
    scripts: [
      raw(`${JSON_TYPE}\r\ncontent-length: ${LENGTH}`, `${COMPLETION}and more`),
      faults.answer({ body: COMPLETION }),
    ],
    sent: COMPLETION,
    calls: 2,
    client: '200 as sent ×2',
    upstream: '2 requests',
    log: `${GOOD_END} ×2`,
  },
  {
    fault: 'no length, ended by a close',
    scripts: [raw(`${JSON_TYPE}\r\nconnection: close`, COMPLETION)],
    sent: COMPLETION,
    client: '200 as sent',
    upstream: '1 request',
    log: GOOD_END,
  },
  {
    fault: 'a chunk size that is no number',
    scripts: [faults.malformedChunkSize()],
    client: 'broken',
    upstream: '1 request',
    log: 'truncated 200',
  },
  {
    fault: 'gzip that is none',
    scripts: [faults.gzipGarbage()],
    sent: 'this is no gzip stream',
    client: '200 as sent',
    upstream: '1 request',
    log: 'success 200',
  },
  {
    fault: 'gzip that stops in its middle',
    scripts: [faults.answer({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(COMPLETION).subarray(0, 60) })],
    sent: gzipSync(COMPLETION).subarray(0, 60),
    client: '200 as sent',
    upstream: '1 request',
    log: 'success 200',
  },
];

export const headFaults: Fault[] = [
  {
    fault: 'interim answers (100, 102, 103) before the answer',
    scripts: [faults.informationalFirst([100, 102, 103], { body: COMPLETION })],
    sent: COMPLETION,
    client: '200 as sent',
    upstream: '1 request',
    log: GOOD_END,
  },
  {
    fault: 'a header of 64 KiB',
    scripts: [faults.giantHeader(64 * 1024)],
    client: '200 as sent',
    upstream: '1 request',
    log: 'success 200',
  },
  {
    fault: 'a header of 2 MiB',
    scripts: [faults.giantHeader(2 * 1024 * 1024)],
    client: '502/2005 unknown',
    upstream: '1 request, let go',
    log: 'error 502 unknown',
  },
  {
    fault: 'closed inside the head',
    scripts: [faults.cutHeaders()],
    client: '502/2005 reset',
    upstream: '1 request',
    log: 'error 502 reset',
  },
  {
    fault: 'a status line without a number',
    scripts: [faults.malformedStatusLine()],
    client: '502/2005 reset',
    upstream: '1 request',
    log: 'error 502 reset',
  },
  {
    fault: 'a header line without a colon',
    scripts: [faults.malformedHeader()],
    client: '502/2005 reset',
    upstream: '1 request',
    log: 'error 502 reset',
  },
  {
    fault: 'something that is not HTTP',
    scripts: [faults.notHttp()],
    client: '502/2005 reset',
    upstream: '1 request',
    log: 'error 502 reset',
  },
];
