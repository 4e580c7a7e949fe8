/**
 * Sends recorded provider traffic through a running gateway and compares: what the client sees with what the provider
 * sent, byte for byte, and the log row with the usage that the recording expects. Then compares every field that the readers
 * take out of it.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadRecordings as loadAll } from '../fixtures/recordings/load.ts';
import { gatewayBody } from '../support/builders.ts';
import { type Headgate, startHeadgate } from '../support/headgate.ts';
import { loadRecordings, type Recording } from '../support/recordings.ts';
import { startReplayUpstream } from '../support/replay-upstream.ts';
import { check, type Outcome } from './check.ts';
import { slugsOf } from './gateway-path.ts';
import { pathFormat, readingDifferences, readRecording } from './reading.ts';
import { format, formatReadings, type Readings, summarise } from './report.ts';

const USAGE = `usage: npm run conformance -- [--recordings DIR] [--json FILE] [--formats DIALECT,…]

  --recordings DIR   recordings to send (default: test/fixtures/recordings)
  --json FILE        also writes the results as JSON
  --formats LIST     compares log rows of these dialects only, e.g. openai-chat,gemini

Recordings of providers without a slug of their own go through "openai", whose rule takes any path.
Exit code: 0 all equal, 1 a difference, 2 wrong usage.`;

const CONCURRENCY = 8;
const GATEWAY_ID = 'conformance';

interface Options {
  recordings: string;
  json: string | undefined;
  formats: ReadonlySet<string> | null;
}

function readOptions(args: string[]): Options | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        recordings: { type: 'string', default: join(import.meta.dir, '../fixtures/recordings') },
        json: { type: 'string' },
        formats: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return USAGE;
    const formats = values.formats?.split(',').filter((name) => name !== '') ?? null;
    return { recordings: values.recordings, json: values.json, formats: formats === null ? null : new Set(formats) };
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`;
  }
}

async function run(options: Options): Promise<number> {
  const recordings = await loadRecordings(options.recordings);
  const unknown = unknownFormats(options.formats, recordings);
  if (unknown.length > 0) {
    console.error(`no recording has the dialect ${unknown.join(', ')}`);
    return 2;
  }
  const upstream = await startReplayUpstream({ recordings });
  try {
    const baseUrls = Object.fromEntries(slugsOf(recordings).map((slug) => [slug, `${upstream.url}/${slug}`]));
    const headgate = await startHeadgate({
      env: { HEADGATE_PROVIDER_BASE_URLS: JSON.stringify(baseUrls), HEADGATE_EGRESS_ALLOW: '127.0.0.1' },
    });
    try {
      await createGateway(headgate);
      const outcomes = await sendAll(recordings, headgate, options);
      const summary = summarise(outcomes);
      const readings = compareReadings(options);
      console.log(`${format(summary)}\n${formatReadings(readings)}`);
      const all = { ...summary, readings };
      if (options.json !== undefined) await Bun.write(options.json, `${JSON.stringify(all, null, 2)}\n`);
      return summary.failures.length + readings.failures.length === 0 ? 0 : 1;
    } finally {
      await headgate.stop();
    }
  } finally {
    await upstream.stop();
  }
}

function unknownFormats(formats: Options['formats'], recordings: readonly Recording[]): string[] {
  const known = new Set(recordings.map((recording) => recording.dialect));
  return [...(formats ?? [])].filter((format) => !known.has(format));
}

/** Reads every recording, sessions too, without the gateway: in the format of its path and as an unknown one. */
function compareReadings({ recordings, formats }: Options): Readings {
  const wanted = loadAll(recordings).filter(({ dialect }) => formats === null || formats.has(dialect));
  const failures = wanted.map((recording) => ({
    id: recording.id,
    differences: [pathFormat(recording), 'unknown' as const].flatMap((format) =>
      readingDifferences(recording, readRecording(recording, format)),
    ),
  }));
  return { compared: wanted.length, failures: failures.filter(({ differences }) => differences.length > 0) };
}

async function createGateway(headgate: Headgate): Promise<void> {
  const body = gatewayBody(GATEWAY_ID, { authentication: false });
  const created = await headgate.api('POST', 'ai-gateway/gateways', body);
  if (!created.ok) throw new Error(`creating the gateway: ${created.status} ${await created.text()}`);
}

/** Every recording once; streams event by event and again byte by byte. */
async function sendAll(recordings: readonly Recording[], headgate: Headgate, options: Options): Promise<Outcome[]> {
  const calls = recordings.flatMap((recording) =>
    (recording.streaming ? ['events', 'byte'] : ['whole']).map((chunks) => ({ recording, chunks })),
  );
  const outcomes: Outcome[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < calls.length; index = next++) {
      const call = calls[index];
      if (call === undefined) return;
      const readLog = options.formats === null || options.formats.has(call.recording.dialect);
      outcomes[index] = await check({ ...call, headgate, gatewayId: GATEWAY_ID, readLog });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return outcomes;
}

const options = readOptions(process.argv.slice(2));
if (typeof options === 'string') {
  const asked = options === USAGE;
  (asked ? console.log : console.error)(options);
  process.exit(asked ? 0 : 2);
}
process.exit(
  await run(options).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    return 2;
  }),
);
