import { type RealtimeFrame, readRealtime } from '../../packages/server/src/formats/index.ts';
import { loadRecordings } from '../fixtures/recordings/load.ts';
import { wrongReading } from './formats-check.ts';
import { mutateJson, mutateList } from './formats-mutate.ts';
import type { Chance } from './formats-random.ts';

/** Text that a session may hold, in bytes: the default of the reader. */
const TEXT_BYTES = 10 * 1024 * 1024;
/** Frames taken of one session. */
const FRAMES = 60;

/** Reads mutated WebSocket sessions until so many bytes of frames were read; what is wrong with the first bad one, or null. */
export function runRealtime({ bytes, chance }: { bytes: number; chance: Chance }): {
  inputs: number;
  wrong: string | null;
} {
  const sessions = loadRecordings().flatMap(({ response }) => (response.frames === undefined ? [] : [response.frames]));
  let [read, inputs] = [0, 0];
  while (read < bytes) {
    const frames = mutateFrames(chance.pick(sessions), chance.pick(sessions), chance);
    read += JSON.stringify(frames).length;
    inputs += 1;
    const wrong = wrongWith(frames);
    if (wrong !== null) return { inputs, wrong };
  }
  return { inputs, wrong: null };
}

function mutateFrames(
  frames: readonly RealtimeFrame[],
  others: readonly RealtimeFrame[],
  chance: Chance,
): RealtimeFrame[] {
  const list = mutateList(frames.slice(-FRAMES), others, chance);
  return list.map((frame) => (chance.below(4) === 0 ? { ...frame, data: mutateJson(frame.data, chance) } : frame));
}

function wrongWith(frames: readonly RealtimeFrame[]): string | null {
  try {
    return wrongReading(readRealtime(frames), TEXT_BYTES);
  } catch (error) {
    return `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}
