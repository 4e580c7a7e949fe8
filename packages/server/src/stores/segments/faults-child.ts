/**
 * A process for the fault tests to kill or starve: opens a store in the directory given first, appends rows without
 * end, and prints the id of each when the store says that it is committed, or `lost <error>` when rows are given up.
 * Rows of `gateway-2` come and go beside them: they are kept by a limit, and some are deleted.
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
  const createdAtMs = systemClock.nowMs() - (n % 5) * 3_600_000;
  const passing = logRecord({
    ...{ id: newId(createdAtMs), createdAtMs, gatewayKey: 'gateway-2', provider: `p${n % 3}`, cached: n % 4 === 0 },
    ...{ tokensIn: n, costPico: BigInt(n) * 10n ** 9n, durationMs: n % 1000, userAgent: `agent ${n % 2}` },
  });
  void store.append(passing, null, { limit: 40, strategy: 'DELETE_OLDEST' });
  if (n % 7 === 0) {
    const filters = [{ key: 'provider' as const, operator: 'eq' as const, value: ['p1'] }];
    void store.delete({ gatewayKey: 'gateway-2', filters, orderBy: 'created_at', direction: 'asc' }, 3);
  }
  const ids = await Promise.all(committed);
  const { droppedRows, lastError } = store.health();
  process.stdout.write(droppedRows === lost ? `${ids.join('\n')}\n` : `lost ${lastError}\n`);
  lost = droppedRows;
}
