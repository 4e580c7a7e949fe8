import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Input } from './formats-check.ts';

const FOLDER = join(import.meta.dir, 'seeds');
const NAME = /^formats-.*\.json$/;

interface Seed extends Omit<Input, 'body'> {
  /** What was wrong when it was found. */
  wrong: string;
  /** Base64. */
  body: string;
}

/** Keeps an input as a seed; gives the name of its file. */
export async function keepSeed(input: Input, wrong: string): Promise<string> {
  const { body, ...rest } = input;
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 10);
  const name = `formats-${input.format}-${hash}.json`;
  const seed: Seed = { ...rest, wrong: wrong.split('\n', 1)[0] ?? '', body: Buffer.from(body).toString('base64') };
  await Bun.write(join(FOLDER, name), `${JSON.stringify(seed)}\n`);
  return name;
}

/** All seeds of readers, by the name of their file. */
export function loadSeeds(): [name: string, input: Input][] {
  const names = readdirSync(FOLDER).filter((name) => NAME.test(name));
  return names.sort().map((name) => {
    const { body, wrong: _wrong, ...rest } = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Seed;
    return [name, { ...rest, body: Uint8Array.from(Buffer.from(body, 'base64')) }];
  });
}
