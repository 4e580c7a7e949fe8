/** Starts the upstream of the stream and size measurements; see `stream-upstream.ts`. */
import { join } from 'node:path';
import type { Server } from './nginx.ts';
import { freePort, startChild } from './processes.ts';

export async function startStreamUpstream(chunksPerS: number): Promise<Server> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const child = await startChild(
    [process.execPath, join(import.meta.dir, 'stream-upstream.ts'), String(port), String(chunksPerS)],
    { readyUrl: origin },
  );
  return { ...child, origin };
}
