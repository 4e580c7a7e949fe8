/** Rounds of load, SIGKILL at a random moment and a start on what is left, with what must hold afterwards. */
import { cpSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Headgate, type HeadgateOptions, startHeadgate } from '../support/headgate.ts';
import { changeUntilEnding } from './crash-changes.ts';
import {
  checkCache,
  checkCounters,
  checkHealth,
  checkKeys,
  checkPromised,
  checkRows,
  complaintsIn,
  owedRows,
} from './crash-checks.ts';
import { type Ledger, newLedger, seeded } from './crash-ledger.ts';
import { callUntilEnding, makeGateways } from './crash-load.ts';
import { doctor } from './doctor.ts';
import { startModels } from './upstream.ts';
import { damagedFiles } from './watching.ts';

/** When the kill comes: under load, while the server stops, or under load and then again while it starts. */
const MOMENTS = ['load', 'stop', 'start'] as const;
type Moment = (typeof MOMENTS)[number];

export interface RoundReport {
  round: number;
  moment: Moment;
  durability: 'relaxed' | 'strict';
  /** Calls that their clients saw end. */
  ended: number;
  /** Of these, calls whose rows the durability rule promises. */
  owed: number;
  /** Changes that were answered. */
  changes: number;
  forgottenCalls: number;
  /** Answers found in the cache after the start. */
  cacheHits: number;
  startMs: number;
  faults: string[];
}

/** A row of a `relaxed` gateway is safe this long after its call's end. */
const RELAXED_MS = 100;
/** A killed process forgets at most this much of its counters. */
const FORGOTTEN_MS = 1000;
const LEAST_LOAD_MS = FORGOTTEN_MS + 200;
const MOST_LOAD_MS = 2400;
const LATEST_KILL_MS = 200;

/** @param told is told of each round as it ends. */
export async function crashRounds(rounds: number, seed: number, told: (report: RoundReport) => void): Promise<void> {
  const random = seeded(seed);
  const dataDir = await mkdtemp(join(tmpdir(), 'headgate-crash-'));
  const upstream = await startModels();
  const env = { HEADGATE_PROVIDER_BASE_URLS: JSON.stringify({ openai: upstream.url }) };
  const earlier: Ledger[] = [];
  try {
    for (let round = 0; round < rounds; round++) told(await playRound(round, { random, dataDir, env, earlier }));
  } finally {
    await upstream.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

interface Scene {
  random: () => number;
  dataDir: string;
  env: Record<string, string>;
  /** Of the rounds before. */
  earlier: Ledger[];
}

async function playRound(round: number, { random, dataDir, env, earlier }: Scene): Promise<RoundReport> {
  // Each moment comes in turn, so that a few rounds have all of them.
  const moment = MOMENTS[round % MOMENTS.length] ?? 'load';
  const durability = random() < 0.5 ? 'relaxed' : 'strict';
  const options = { dataDir, env: { ...env, HEADGATE_LOG_DURABILITY: durability } };
  const ledger = newLedger(round);
  const first = await startHeadgate(options);
  await makeGateways(first, ledger.gateways);
  const killed = await loadUntilKilled(first, ledger, { moment, random });
  if (moment === 'start') await killStarts(options, random);

  const faults = [...ledger.faults, ...complaintsIn(first.output()), ...(await checkFiles(dataDir))];
  const beforeMs = performance.now();
  const second = await startHeadgate(options);
  const startMs = performance.now() - beforeMs;
  const gaveWay = durability === 'strict' || killed.cleanExit ? 0 : RELAXED_MS + killed.stalledMs;
  const owed = owedRows(ledger, gaveWay === 0 ? Number.POSITIVE_INFINITY : killed.atMs - gaveWay);
  faults.push(...(await checkRows(second, ledger, owed)));
  faults.push(...(await checkPromised(second, ledger)), ...(await checkKeys(second, ledger)));
  const old = earlier[Math.floor(random() * earlier.length)];
  if (old !== undefined) faults.push(...(await checkPromised(second, old)));
  const { hits, faults: cacheFaults } = await checkCache(second, ledger);
  const countedUntilMs = killed.cleanExit ? Number.POSITIVE_INFINITY : killed.atMs - FORGOTTEN_MS - killed.stalledMs;
  const counted = await checkCounters(second, ledger, countedUntilMs);
  faults.push(...cacheFaults, ...counted.faults, ...(await checkHealth(second)));
  if ((await second.stop()) !== 0) faults.push('the stop afterwards did not end with 0');
  faults.push(...complaintsIn(second.output()));
  earlier.push(ledger);
  const ended = ledger.sent.filter((one) => one.ended !== null).length;
  const { changes } = ledger;
  const { forgottenCalls } = counted;
  return {
    ...{ round, moment, durability, ended, owed: owed.length, changes, forgottenCalls, cacheHits: hits },
    ...{ startMs, faults },
  };
}

interface Killed {
  /** Of `performance.now()`. */
  atMs: number;
  /** The longest that this process stood still shortly before, because the machine is busy: so may the server have. */
  stalledMs: number;
  /** It had stopped in good order before the kill. */
  cleanExit: boolean;
}

async function loadUntilKilled(
  headgate: Headgate,
  ledger: Ledger,
  { moment, random }: { moment: Moment; random: () => number },
): Promise<Killed> {
  const load = [callUntilEnding(headgate, ledger, random), changeUntilEnding(headgate, ledger, random)];
  const stalls = new StallWatch();
  await pause(LEAST_LOAD_MS + random() * (MOST_LOAD_MS - LEAST_LOAD_MS));
  ledger.ending = true;
  if (moment === 'stop') {
    headgate.process.kill('SIGTERM');
    await Promise.race([pause(random() * LATEST_KILL_MS), headgate.process.exited]);
  }
  const atMs = performance.now();
  const cleanExit = headgate.process.exitCode === 0;
  await headgate.stop('SIGKILL');
  const stalledMs = stalls.end();
  await Promise.all(load);
  return { atMs, stalledMs, cleanExit };
}

/** Starts that are killed at a random moment, each going on from what the one before has left. */
async function killStarts(options: HeadgateOptions, random: () => number): Promise<void> {
  for (let n = 0; n < 2; n++) {
    let kill: Promise<void> | undefined;
    const killLater = async (child: Bun.Subprocess) => {
      await pause(random() * 2 * LATEST_KILL_MS);
      child.kill('SIGKILL');
    };
    const onSpawn = (child: Bun.Subprocess) => {
      kill = killLater(child);
    };
    await startHeadgate({ ...options, onSpawn }).then(
      (up) => up.stop('SIGKILL'),
      () => {},
    );
    await kill;
  }
}

/** What the kill left, as the doctor sees it, and SQLite on a copy: looking at the original would mend it. */
async function checkFiles(dataDir: string): Promise<string[]> {
  const setAside = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('.damaged'),
  );
  const copy = await mkdtemp(join(tmpdir(), 'headgate-crash-copy-'));
  cpSync(dataDir, copy, { recursive: true });
  const damaged = damagedFiles(copy);
  await rm(copy, { recursive: true, force: true });
  const { code, out } = await doctor(dataDir);
  const doctorSays = code === 0 ? [] : [`doctor: ${out}`];
  return [...setAside.map((name) => `set aside: ${name}`), ...damaged, ...doctorSays];
}

/** Notices when this process gets no time. */
class StallWatch {
  readonly #gaps: [atMs: number, gapMs: number][] = [];
  #lastMs = performance.now();
  readonly #timer = setInterval(() => {
    const nowMs = performance.now();
    this.#gaps.push([nowMs, nowMs - this.#lastMs]);
    this.#lastMs = nowMs;
  }, 5);

  /** The longest gap of the last second. */
  end(): number {
    clearInterval(this.#timer);
    const from = performance.now() - 1000;
    return Math.max(0, ...this.#gaps.filter(([atMs]) => atMs > from).map(([, gapMs]) => gapMs));
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
