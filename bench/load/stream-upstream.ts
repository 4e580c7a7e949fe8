/**
 * The upstream of the stream and size measurements, a process of its own on raw sockets, so that it costs little. A body
 * with `"stream":true` is answered with the recorded stream, over and over, until the client leaves; any other with the recorded
 * completion once the body is there. All open streams together get CHUNKS_PER_S pieces, each stream in its turn. A piece
 * says when it was sent: `"system_fingerprint":"t=MS"`, in milliseconds since 1970 with fractions.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Socket } from 'bun';

const CHUNKS_PER_S = Number(process.argv[3] ?? 2000);
const fixture = (name: string) => readFileSync(join(import.meta.dir, '../fixtures', name), 'utf8').trim();
const COMPLETION = fixture('completion.json');
const JSON_ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(COMPLETION)}\r\n\r\n${COMPLETION}`;
const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n';
/** Only pieces with text: the first names the role, the last ends the answer. */
const EVENTS = fixture('completion.sse')
  .split('\n\n')
  .filter((event) => event.includes('"delta":{"content"'))
  .map((event) => event.split('"system_fingerprint":null'));

interface State {
  head: string;
  /** Bytes of the body still to come; -1: chunked, until its end. */
  missing: number;
  isStream: boolean;
  inBody: boolean;
}
type Connection = Socket<State>;

const open: Connection[] = [];
let turn = 0;
let piece = 0;

const fresh = (): State => ({ head: '', missing: 0, isStream: false, inBody: false });

const listener = Bun.listen<State>({
  hostname: '127.0.0.1',
  port: Number(process.argv[2] ?? 0),
  socket: {
    open(socket) {
      socket.data = fresh();
      socket.setNoDelay(true);
    },
    data: receive,
    close: drop,
    error: drop,
  },
});
process.stderr.write(`listening on ${listener.port}\n`);

function receive(socket: Connection, bytes: Buffer): void {
  const state = socket.data;
  if (state.inBody) {
    body(socket, bytes);
    return;
  }
  state.head += bytes.toString('latin1');
  const end = state.head.indexOf('\r\n\r\n');
  if (end < 0) return;
  const length = /\r\ncontent-length: *(\d+)/i.exec(state.head.slice(0, end + 2))?.[1];
  const rest = Buffer.from(state.head.slice(end + 4), 'latin1');
  state.missing = length !== undefined ? Number(length) : /\r\ntransfer-encoding: *chunked/i.test(state.head) ? -1 : 0;
  state.inBody = true;
  body(socket, rest);
}

function body(socket: Connection, bytes: Buffer): void {
  const state = socket.data;
  if (!state.isStream && bytes.length > 0) state.isStream = /"stream": ?true/.test(bytes.toString('latin1', 0, 4096));
  if (state.missing >= 0) state.missing -= bytes.length;
  if (state.missing > 0 || (state.missing < 0 && !bytes.toString('latin1', -7).endsWith('0\r\n\r\n'))) return;
  const { isStream } = state;
  socket.data = fresh();
  if (!isStream) {
    socket.write(JSON_ANSWER);
    return;
  }
  open.push(socket);
  socket.write(STREAM_HEAD + chunk(event()));
}

const chunk = (event: string) => `${event.length.toString(16)}\r\n${event}\r\n`;

function event(): string {
  const [before = '', after = ''] = EVENTS[piece++ % EVENTS.length] ?? [];
  return `${before}"system_fingerprint":"t=${(performance.timeOrigin + performance.now()).toFixed(3)}"${after}\n\n`;
}

function drop(socket: Connection): void {
  const at = open.indexOf(socket);
  if (at >= 0) open.splice(at, 1);
}

let owed = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  // Never more than 50 ms at once: after a pause the streams are late, not flooded.
  owed += (Math.min(now - last, 50) * CHUNKS_PER_S) / 1000;
  last = now;
  for (; owed >= 1 && open.length > 0; owed--) {
    turn = (turn + 1) % open.length;
    open[turn]?.write(chunk(event()));
  }
  if (open.length === 0) owed = 0;
}, 1);
