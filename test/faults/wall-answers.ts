/** Faults of the wall: statuses, connections and silence. */
import { type AnswerScript, faults, type Script } from '../support/fault-upstream.ts';
import { delta } from '../support/scripted.ts';
import { type Fault, PATIENCE_MS, type Stage } from './wall-scene.ts';

export const COMPLETION =
  '{"model":"m-1","choices":[{"message":{"content":"hello"}}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}';
const GOOD: AnswerScript = { body: COMPLETION };
const OWN_ERROR = '{"error":{"message":"from the provider"}}';
export const SSE = { 'content-type': 'text/event-stream' };
const good = faults.answer(GOOD);
const failing = (status: number, headers: Record<string, string> = {}): Script =>
  faults.answer({ status, headers, body: OWN_ERROR });
const retries = (count: number) => ({ retry: { retries: count, delayMs: 0, backoff: 'constant' as const } });

/** Waits for the provider to be asked, then lets so much time pass. */
const wait = (ms: number) => async (stage: Stage) => {
  await stage.upstream.received();
  stage.clock.advance(ms);
};

export const statusFaults: Fault[] = [
  {
    fault: '429 with Retry-After, no retries',
    scripts: [failing(429, { 'retry-after': '7' })],
    sent: OWN_ERROR,
    client: '429 as sent',
    upstream: '1 request',
    log: 'error 429',
  },
  {
    fault: '429 with Retry-After: 7, retried after 7 s and not before',
    scripts: [failing(429, { 'retry-after': '7' }), good],
    sent: COMPLETION,
    policy: retries(1),
    meanwhile: async ({ clock, rows, upstream }) => {
      await rows(1);
      clock.advance(6999);
      if (upstream.requests.length !== 1) throw new Error('tried again too early');
      clock.advance(1);
    },
    client: '200 as sent',
    upstream: '2 requests on 1 connection',
    log: 'error 429 · success 200 3→2 tokens',
  },
  {
    fault: '429 with Retry-After: 3600, with retries: not waited for',
    scripts: [failing(429, { 'retry-after': '3600' })],
    sent: OWN_ERROR,
    policy: retries(2),
    client: '429 as sent',
    upstream: '1 request',
    log: 'error 429',
  },
  {
    fault: '429 without Retry-After, retried',
    scripts: [failing(429), good],
    sent: COMPLETION,
    policy: retries(1),
    client: '200 as sent',
    upstream: '2 requests on 1 connection',
    log: 'error 429 · success 200 3→2 tokens',
  },
  {
    fault: '500 once, retried',
    scripts: [failing(500), good],
    sent: COMPLETION,
    policy: retries(2),
    client: '200 as sent',
    upstream: '2 requests on 1 connection',
    log: 'error 500 · success 200 3→2 tokens',
  },
  {
    fault: '503 on and on, 2 retries',
    scripts: [failing(503), failing(503), failing(503)],
    sent: OWN_ERROR,
    policy: retries(2),
    client: '503 as sent',
    upstream: '3 requests on 1 connection',
    log: 'error 503 ×3',
  },
  {
    fault: 'flapping: every other request fails, 6 calls with 1 retry',
    scripts: Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? failing(n % 4 === 0 ? 500 : 503) : good)),
    sent: COMPLETION,
    policy: retries(1),
    calls: 6,
    client: '200 as sent ×6',
    upstream: '12 requests on 1 connection',
    log: Array.from({ length: 6 }, (_, n) => `error ${n % 2 === 0 ? 500 : 503} · success 200 3→2 tokens`).join(' · '),
  },
  {
    fault: 'a status that HTTP does not have',
    scripts: [faults.answer({ status: 799 })],
    client: '502/2005 unknown: status 799',
    upstream: '1 request',
    log: 'error 502 unknown',
  },
  {
    fault: 'a redirect to another host, not followed',
    scripts: [faults.redirect('http://127.0.0.1:1/elsewhere', 307)],
    sent: '',
    client: '307 as sent',
    upstream: '1 request',
    log: 'success 307',
  },
];

export const connectionFaults: Fault[] = [
  {
    fault: 'connection refused',
    scripts: [],
    baseUrl: 'http://127.0.0.1:1',
    client: '502/2005 connect_refused',
    upstream: '0 requests',
    log: 'error 502 connect_refused',
  },
  {
    fault: 'connection refused, with retries',
    scripts: [],
    baseUrl: 'http://127.0.0.1:1',
    policy: retries(2),
    client: '502/2005 connect_refused',
    upstream: '0 requests',
    log: 'error 502 connect_refused ×3',
  },
  {
    fault: 'no such host',
    scripts: [],
    baseUrl: 'http://no-such-host.invalid',
    client: '502/2005 dns',
    upstream: '0 requests',
    log: 'error 502 dns',
  },
  {
    fault: 'reset before the head',
    scripts: [faults.resetBeforeHeaders()],
    client: '502/2005 reset',
    upstream: '1 request',
    log: 'error 502 reset',
  },
  {
    fault: 'closed before the head',
    scripts: [faults.closeBeforeHeaders()],
    client: '502/2005 reset',
    upstream: '1 request',
    log: 'error 502 reset',
  },
  {
    fault: 'reset before the head, retried',
    scripts: [faults.resetBeforeHeaders(), good],
    sent: COMPLETION,
    policy: retries(1),
    client: '200 as sent',
    upstream: '2 requests',
    log: 'error 502 reset · success 200 3→2 tokens',
  },
  {
    fault: 'reset after the head',
    scripts: [faults.reset({ pieces: [] })],
    client: 'broken',
    upstream: '1 request',
    log: 'truncated 200',
  },
  {
    fault: 'silence',
    scripts: [faults.silent()],
    meanwhile: wait(PATIENCE_MS),
    client: '504/2005 timeout',
    upstream: '1 request, let go',
    log: 'error 504 timeout',
  },
  {
    fault: 'silence, retried',
    scripts: [faults.silent(), good],
    sent: COMPLETION,
    policy: retries(1),
    meanwhile: wait(PATIENCE_MS),
    client: '200 as sent',
    upstream: '2 requests',
    log: 'error 504 timeout · success 200 3→2 tokens',
  },
  {
    fault: 'a slow first byte, within the limit',
    scripts: (time) => [faults.answer({ ...GOOD, after: time })],
    sent: COMPLETION,
    meanwhile: async (stage) => {
      await wait(PATIENCE_MS - 1)(stage);
      stage.go();
    },
    client: '200 as sent',
    upstream: '1 request',
    log: 'success 200 3→2 tokens',
  },
  {
    fault: 'kept-alive connection reset as it is used again: GET is sent again, once, unasked',
    scripts: [good, faults.resetBeforeHeaders(), good],
    sent: COMPLETION,
    ask: { method: 'GET' },
    calls: 2,
    client: '200 as sent ×2',
    upstream: '3 requests on 2 connections',
    log: 'success 200 3→2 tokens ×2',
  },
  {
    fault: 'the same again on the new connection: GET is not sent a third time',
    scripts: [good, faults.resetBeforeHeaders(), faults.resetBeforeHeaders(), good],
    sent: COMPLETION,
    ask: { method: 'GET' },
    calls: 2,
    client: '200 as sent · 502/2005 reset',
    upstream: '3 requests on 2 connections',
    log: 'success 200 3→2 tokens · error 502 reset',
  },
  {
    fault: 'kept-alive connection reset as it is used again: POST, which may have been worked on, is not sent again',
    scripts: [good, faults.resetBeforeHeaders(), good],
    sent: COMPLETION,
    calls: 2,
    client: '200 as sent · 502/2005 reset',
    upstream: '2 requests on 1 connection',
    log: 'success 200 3→2 tokens · error 502 reset',
  },
  {
    fault: 'kept-alive connection closed while idle: a new one is used',
    scripts: [
      async (connection, request) => {
        await good(connection, request);
        connection.end();
      },
      good,
    ],
    sent: COMPLETION,
    calls: 2,
    client: '200 as sent ×2',
    upstream: '2 requests',
    log: 'success 200 3→2 tokens ×2',
  },
];

const FIRST = delta('Hel');

/** Sends the first event of a stream and breaks off when the client has it. */
function brokenStream(fault: string, how: 'end' | 'reset', policy: Fault['policy'] = {}): Fault {
  return {
    fault,
    policy,
    scripts: (time) => [
      async (connection, request) => {
        await faults.stall({ headers: SSE, pieces: [FIRST] })(connection, request);
        await time;
        connection[how]();
      },
      good,
    ],
    sent: FIRST,
    meanwhile: async ({ received, go }) => {
      await received(FIRST.length);
      go();
    },
    client: '200 as sent, then broken',
    upstream: '1 request',
    log: 'truncated 200 7→1 tokens',
  };
}

export const brokenStreamFaults: Fault[] = [
  brokenStream('stream cut by a close', 'end'),
  brokenStream('stream cut by a reset', 'reset'),
  brokenStream('stream cut, with retries: none once the answer has begun', 'reset', retries(2)),
  {
    fault: 'stream cut in the same moment as it begins',
    scripts: [faults.cut({ headers: SSE, pieces: [FIRST] })],
    sent: FIRST,
    client: 'broken',
    upstream: '1 request',
    log: 'truncated 200 7→…',
  },
  {
    fault: 'stream that stalls',
    scripts: [faults.stall({ headers: SSE, pieces: [FIRST] })],
    sent: FIRST,
    meanwhile: async ({ clock, received }) => {
      await received(FIRST.length);
      clock.advance(PATIENCE_MS);
    },
    client: '200 as sent, then broken',
    upstream: '1 request, let go',
    log: 'truncated 200 timeout 7→1 tokens',
  },
];
