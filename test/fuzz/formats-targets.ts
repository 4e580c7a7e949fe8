import type { FormatName } from '../../packages/server/src/formats/index.ts';
import { awsFrame } from '../../packages/server/src/formats/test-support.ts';
import { pathFormat } from '../conformance/reading.ts';
import { bodyBytes, loadRecordings, type Recording } from '../fixtures/recordings/load.ts';

export const FRAMINGS = ['plain', 'sse', 'ndjson', 'aws-frames'] as const;
export type FramingName = (typeof FRAMINGS)[number];

const FORMATS: readonly FormatName[] = [
  ...(['openai-chat', 'openai-responses', 'openai-completions', 'openai-embeddings', 'openai-images'] as const),
  ...(['openai-audio', 'openai-models', 'anthropic-messages', 'google-generate', 'google-embeddings'] as const),
  ...(['bedrock-converse', 'bedrock-invoke', 'cohere-v1', 'cohere-v2', 'cohere-rerank', 'ollama', 'tgi'] as const),
  ...(['replicate', 'workers-ai', 'unknown'] as const),
];

/** An event of a stream, or a whole body. */
export interface Piece {
  name: string | null;
  /** Parsed where it is JSON, else text. */
  value: unknown;
}

/** One reader in one framing, with the recorded answers that its inputs are made of. */
export interface Target {
  format: FormatName;
  framing: FramingName;
  contentType: string;
  /** Each the pieces of one answer. */
  corpus: readonly (readonly Piece[])[];
}

const TYPES: Record<FramingName, string> = {
  plain: 'application/json',
  sse: 'text/event-stream',
  ndjson: 'application/x-ndjson',
  'aws-frames': 'application/vnd.amazon.eventstream',
};

/** Longest recorded answer that is taken, in bytes: many short inputs find more than few long ones. */
const MAX_BYTES = 40_000;

/** Every format in every framing. Where none was recorded, its answers are framed anew, or those of all formats are. */
export function targets(): Target[] {
  const recordings = loadRecordings().filter(({ response, stream_format: format }) => {
    const length = response.body?.length ?? 0;
    return format !== 'websocket' && length > 0 && length < MAX_BYTES;
  });
  const all = recordings.map(piecesOf);
  return FORMATS.flatMap((format) => {
    const own = recordings.filter((recording) => pathFormat(recording) === format).map(piecesOf);
    const corpus = own.length === 0 ? all : own;
    return FRAMINGS.map((framing) => ({ format, framing, contentType: TYPES[framing], corpus }));
  });
}

function piecesOf(recording: Recording): Piece[] {
  const bytes = Buffer.from(bodyBytes(recording));
  switch (recording.stream_format) {
    case 'sse':
      return bytes
        .toString()
        .split(/\r?\n\r?\n/)
        .filter((event) => event.trim() !== '')
        .map(ssePiece);
    case 'ndjson':
      return bytes
        .toString()
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => ({ name: null, value: parsed(line) }));
    case 'eventstream':
      return [...awsPieces(bytes)];
    default:
      return [{ name: null, value: parsed(bytes.toString()) }];
  }
}

function ssePiece(event: string): Piece {
  const lines = event.split(/\r?\n/);
  const field = (name: string) =>
    lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ''));
  return { name: field('event')[0] ?? null, value: parsed(field('data').join('\n')) };
}

function* awsPieces(bytes: Buffer): Generator<Piece> {
  for (let at = 0; at + 16 <= bytes.length; ) {
    const [total, headers] = [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
    const name = /:event-type...([a-zA-Z]+)/s.exec(bytes.toString('latin1', at + 12, at + 12 + headers))?.[1];
    const value = parsed(bytes.toString('utf8', at + 12 + headers, at + total - 4));
    const inner = (value as { bytes?: string } | null)?.bytes;
    yield { name: name ?? null, value: inner === undefined ? value : parsed(Buffer.from(inner, 'base64').toString()) };
    at += Math.max(total, 16);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Writes pieces in a framing, correctly. */
export function frame({ format, framing }: Pick<Target, 'format' | 'framing'>, pieces: readonly Piece[]): Uint8Array {
  switch (framing) {
    case 'plain':
      return Buffer.from(pieces.length === 1 ? textOf(pieces[0]) : `[${pieces.map(textOf).join(',')}]`);
    case 'sse':
      return Buffer.from(
        pieces.map((piece) => `${nameLine(piece)}data: ${textOf(piece).replaceAll('\n', '\ndata: ')}\n\n`).join(''),
      );
    case 'ndjson':
      return Buffer.from(pieces.map((piece) => `${textOf(piece)}\n`).join(''));
    case 'aws-frames':
      return Buffer.concat(
        pieces.map((piece) =>
          awsFrame([[':event-type', 7, Buffer.from(piece.name ?? 'chunk')]], payload(format, piece)),
        ),
      );
    default:
      return framing satisfies never;
  }
}

const nameLine = ({ name }: Piece) => (name === null ? '' : `event: ${name}\n`);

function textOf(piece: Piece | undefined): string {
  return typeof piece?.value === 'string' ? piece.value : (JSON.stringify(piece?.value) ?? 'null');
}

function payload(format: FormatName, piece: Piece): string {
  const text = textOf(piece);
  return format === 'bedrock-invoke' ? JSON.stringify({ bytes: Buffer.from(text).toString('base64'), p: 'a' }) : text;
}
