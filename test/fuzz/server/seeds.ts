import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hostile } from './requests.ts';

const FOLDER = join(import.meta.dir, '../seeds');
const NAME = /^server-.*\.json$/;

/** Keeps a request with which something was wrong; gives the name of its file. */
export async function keepSeed(request: Hostile, wrong: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 10);
  const name = `server-${hash}.json`;
  await Bun.write(join(FOLDER, name), `${JSON.stringify({ wrong, request })}\n`);
  return name;
}

/** All requests that were kept, by the name of their file. */
export function loadSeeds(): [name: string, request: Hostile][] {
  const names = readdirSync(FOLDER).filter((name) => NAME.test(name));
  return names.sort().map((name) => [name, JSON.parse(readFileSync(join(FOLDER, name), 'utf8')).request as Hostile]);
}
