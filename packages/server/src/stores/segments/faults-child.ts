/**
 * A process for the fault tests to kill or starve: opens a store in the directory given first, appends rows without
 * end, and prints the id of each when the store says that it is committed, or `lost <error>` when rows are given up.
 */
import { systemClock, uuidV7Source } from '../../lib/index.ts';
import { logRecord } from '../contract/index.ts';
import { openSegmentLogStore } from './index.ts';

const [directory = '', segmentRows = '64'] = process.argv.slice(2);
const store = await openSegmentLogStore({ directory, clock: systemClock, segmentRows: Number(segmentRows) });
const newId = uuidV7Source();
let lost = 0;
for (let n = 0; ; n++) {
  const committed = Array.from({ length: 1 + (n % 7) }, () => {
    const createdAtMs = systemClock.nowMs();
    const id = newId(createdAtMs);
    const request = new TextEncoder().encode(id.repeat(n % 300));
    const record = logRecord({ id, createdAtMs, gatewayKey: `gateway-${n % 2}`, requestSize: request.byteLength });
    return store.append(record, { request, response: null, responseText: id }, null).then(() => id);
  });
  const ids = await Promise.all(committed);
  const { droppedRows, lastError } = store.health();
  process.stdout.write(droppedRows === lost ? `${ids.join('\n')}\n` : `lost ${lastError}\n`);
  lost = droppedRows;
}
