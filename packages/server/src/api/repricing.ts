import { Refusal, type Repricing, type repriceEndpoints } from '@headgate/contract';
import { isoTime } from '../lib/index.ts';
import type { Entry, RepriceCounts, RepriceData } from '../stores/control-ports.ts';
import type { ApiDeps, Handlers } from './endpoint-handler.ts';
import { below, found } from './find.ts';
import { dollars } from './wire-log.ts';

/** Finished ones that a gateway keeps. */
const KEPT = 20;

export function repriceHandlers(deps: ApiDeps): Handlers<typeof repriceEndpoints> {
  const { control, clock } = deps;
  const wire = (entry: Entry<RepriceData>, gatewayId: string) =>
    wireRepricing(entry, { gatewayId, progress: deps.repriceProgress(entry.id) });

  return {
    'logs.reprice': async ({ params, body, write }) => {
      const scope = below(control, params);
      const data: RepriceData = {
        state: 'running',
        sinceMs: Date.parse(body.since),
        untilMs: body.until ? Date.parse(body.until) : clock.nowMs(),
        dryRun: body.dry_run ?? false,
        error: null,
        finishedAtMs: null,
        total: NOTHING,
        models: [],
      };
      const made = await control.atomically(async ({ reprices }) => {
        const newest = (a: Entry<RepriceData>, b: Entry<RepriceData>) => b.createdAtMs - a.createdAtMs;
        const { items } = await reprices.list(scope, { page: 1, perPage: 1000, compare: newest });
        if (items.some(({ data: { state } }) => state === 'running')) {
          throw new Refusal('apiConflict', { message: 'A repricing of this gateway is running' });
        }
        for (const { id } of items.slice(KEPT - 1)) await reprices.remove(scope, id, { actor: write.actor });
        return reprices.create(scope, { data }, write);
      });
      deps.repricesWaiting();
      return wire(made, params.gateway_id);
    },
    'logs.repricing': async ({ params }) =>
      wire(await found(control.reprices.get(below(control, params), params.id), 'repricing'), params.gateway_id),
  };
}

const NOTHING: RepriceCounts = { rows: 0, changed: 0, unknownBefore: 0, unknownAfter: 0, differencePico: '0' };

function wireRepricing(
  { id, data, createdAtMs }: Entry<RepriceData>,
  { gatewayId, progress }: { gatewayId: string; progress: ReturnType<ApiDeps['repriceProgress']> },
): Repricing {
  const counted = data.state === 'running' && progress !== null ? progress.counted : data;
  return {
    id,
    gateway_id: gatewayId,
    state: data.state,
    since: isoTime(data.sinceMs),
    until: isoTime(data.untilMs),
    dry_run: data.dryRun,
    of: data.state === 'running' ? (progress?.of ?? null) : data.total.rows,
    error: data.error,
    total: wireCounts(counted.total),
    models: counted.models.map(({ provider, model, ...counts }) => ({ provider, model, ...wireCounts(counts) })),
    created_at: isoTime(createdAtMs),
    finished_at: data.finishedAtMs === null ? null : isoTime(data.finishedAtMs),
  };
}

function wireCounts({ rows, changed, unknownBefore, unknownAfter, differencePico }: RepriceCounts) {
  const difference = dollars(BigInt(differencePico));
  return { rows, changed, unknown_before: unknownBefore, unknown_after: unknownAfter, difference };
}
