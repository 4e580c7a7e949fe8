import type { Kysely } from 'kysely';
import type { Actor, AuditQuery, AuditRecord } from '../control-ports.ts';
import type { AuditRow, Tables } from './tables.ts';

/** Changes of one account, by time. */
export async function listAudit(
  db: Kysely<Tables>,
  accountId: string,
  query: AuditQuery,
): Promise<{ items: AuditRecord[]; totalCount: number }> {
  let rows = db.selectFrom('audit').where('account_id', '=', accountId);
  if (query.id !== undefined) rows = rows.where('id', '=', query.id);
  if (query.action !== undefined) rows = rows.where('action', '=', query.action);
  if (query.sinceMs !== undefined) rows = rows.where('at_ms', '>=', query.sinceMs);
  if (query.beforeMs !== undefined) rows = rows.where('at_ms', '<', query.beforeMs);
  const { count } = await rows.select((eb) => eb.fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
  const page = await rows
    .selectAll()
    .orderBy('at_ms', query.direction)
    .orderBy('id', query.direction)
    .limit(query.perPage)
    .offset((query.page - 1) * query.perPage)
    .execute();
  return { items: page.map(decode), totalCount: count };
}

function decode(row: AuditRow): AuditRecord {
  return {
    id: row.id,
    accountId: row.account_id,
    atMs: row.at_ms,
    actor: { kind: row.actor_kind as Actor['kind'], id: row.actor_id, name: row.actor_name },
    action: row.action,
    kind: row.kind,
    entryId: row.entry_id,
    entryName: row.entry_name,
    before: row.before && JSON.parse(row.before),
    after: row.after && JSON.parse(row.after),
  };
}
