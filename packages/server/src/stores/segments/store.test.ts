import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/index.ts';
import { describeLogStore } from '../contract/index.ts';
import { openSegmentLogStore } from './index.ts';

describeLogStore('segments', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-logs-'));
  const store = await openSegmentLogStore({ directory, clock: systemClock });
  return {
    store,
    dispose: async () => {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
});
