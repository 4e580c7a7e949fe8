import { Refusal } from '@headgate/contract';
import type { Kysely, Transaction } from 'kysely';
import type { Clock, IdSource } from '../../lib/index.ts';
import type { Collection, Entry, EntryChange, ListQuery, Scope, Write } from '../control-ports.ts';
import type { AuditRow, EntryRow, Tables } from './tables.ts';
import type { Vault } from './vault.ts';

/** What sets one collection apart from another. */
export interface Kind<Data> {
  readonly kind: string;
  /** Which parts of the data are encrypted at rest and kept out of the audit log. */
  readonly secrets?: {
    /** Takes them out: what is left, and the secret parts as one text (null: there are none). */
    take(data: Data): { open: Data; secret: string | null };
    put(open: Data, secret: string): Data;
  };
  /** What else is written when an entry goes. */
  readonly onRemove?: (trx: Transaction<Tables>, row: EntryRow, nowMs: number) => Promise<void>;
}

/** A change that has been committed. */
export interface Change {
  kind: string;
  before: EntryRow | null;
  after: EntryRow | null;
}

/** Runs work in a transaction and takes note of the changes made in it. */
export type Run = <T>(work: (session: Session) => Promise<T>) => Promise<T>;

export interface Session {
  readonly trx: Transaction<Tables>;
  changed(change: Change): void;
}

export interface Surroundings {
  readonly db: Kysely<Tables>;
  readonly run: Run;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly vault: Vault;
}

/** A collection in the table of entries. */
export function sqlCollection<Data>(spec: Kind<Data>, around: Surroundings): Collection<Data> {
  const { db, run, clock, ids, vault } = around;
  const decode = (row: EntryRow): Entry<Data> => decodeEntry(spec, row, vault);

  const rows = (scope: Scope) =>
    db
      .selectFrom('entries')
      .where('kind', '=', spec.kind)
      .where('account_id', '=', scope.accountId)
      .where('parent', '=', scope.parent);

  async function list(scope: Scope, query: ListQuery<Data>) {
    const offset = (query.page - 1) * query.perPage;
    const ordered = rows(scope).selectAll().orderBy('created_at_ms').orderBy('id');
    if (query.match === undefined && query.compare === undefined) {
      const { count } = await rows(scope)
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      const page = await ordered.limit(query.perPage).offset(offset).execute();
      return { items: page.map(decode), totalCount: count };
    }
    const { match = () => true, compare } = query;
    const found = (await ordered.execute()).map(decode).filter(match);
    if (compare !== undefined) found.sort(compare);
    return { items: found.slice(offset, offset + query.perPage), totalCount: found.length };
  }

  async function read(scope: Scope, column: 'id' | 'name', value: string): Promise<Entry<Data> | null> {
    const row = await rows(scope).selectAll().where(column, '=', value).executeTakeFirst();
    return row === undefined ? null : decode(row);
  }

  function encode(id: string, data: Data): Pick<EntryRow, 'data' | 'sealed'> {
    const { open, secret } = spec.secrets?.take(data) ?? { open: data, secret: null };
    return {
      data: JSON.stringify(open),
      sealed: secret === null ? null : vault.seal(secret, sealContext(spec.kind, id)),
    };
  }

  async function lock(session: Session, scope: Scope, id: string, write: Write): Promise<EntryRow | null> {
    const row = await session.trx
      .selectFrom('entries')
      .selectAll()
      .where('kind', '=', spec.kind)
      .where('id', '=', id)
      .where('account_id', '=', scope.accountId)
      .where('parent', '=', scope.parent)
      .executeTakeFirst();
    if (row === undefined) return null;
    if (write.versions !== undefined && !write.versions.includes(versionOf(row))) {
      throw new Refusal('apiPreconditionFailed');
    }
    return row;
  }

  async function note(session: Session, change: Change, write: Write): Promise<void> {
    await session.trx
      .insertInto('audit')
      .values(auditRow(change, write, around))
      .execute();
    session.changed(change);
  }

  return {
    list,
    get: (scope, id) => read(scope, 'id', id),
    find: (scope, name) => read(scope, 'name', name),
    create: (scope, entry, write) =>
      run(async (session) => {
        const nowMs = clock.nowMs();
        const id = entry.id ?? ids(nowMs);
        const after: EntryRow = {
          kind: spec.kind,
          id,
          account_id: scope.accountId,
          parent: scope.parent,
          name: entry.name ?? id,
          ...encode(id, entry.data),
          created_at_ms: nowMs,
          modified_at_ms: nowMs,
          revision: 1,
        };
        await refusingConflicts(session.trx.insertInto('entries').values(after).execute());
        await note(session, { kind: spec.kind, before: null, after }, write);
        return decode(after);
      }),
    update: (scope, id, change: EntryChange<Data>) =>
      run(async (session) => {
        const before = await lock(session, scope, id, change);
        if (before === null) return null;
        const { name = before.name, data } = change.to(decode(before));
        const after: EntryRow = {
          ...before,
          name,
          ...encode(id, data),
          modified_at_ms: clock.nowMs(),
          revision: before.revision + 1,
        };
        const { kind: _kind, id: _id, ...columns } = after;
        await refusingConflicts(
          session.trx.updateTable('entries').set(columns).where('kind', '=', spec.kind).where('id', '=', id).execute(),
        );
        await note(session, { kind: spec.kind, before, after }, change);
        return decode(after);
      }),
    remove: (scope, id, write) =>
      run(async (session) => {
        const row = await lock(session, scope, id, write);
        if (row === null) return null;
        for (const gone of [...(await descendants(session.trx, row.id)), row]) {
          await session.trx.deleteFrom('entries').where('kind', '=', gone.kind).where('id', '=', gone.id).execute();
          await note(session, { kind: gone.kind, before: gone, after: null }, write);
        }
        await spec.onRemove?.(session.trx, row, clock.nowMs());
        return decode(row);
      }),
  };
}

export function decodeEntry<Data>(spec: Kind<Data>, row: EntryRow, vault: Vault): Entry<Data> {
  const open = JSON.parse(row.data) as Data;
  const data =
    row.sealed === null || spec.secrets === undefined
      ? open
      : spec.secrets.put(open, vault.open(row.sealed, sealContext(row.kind, row.id)));
  return {
    id: row.id,
    accountId: row.account_id,
    parent: row.parent,
    name: row.name,
    data,
    createdAtMs: row.created_at_ms,
    modifiedAtMs: row.modified_at_ms,
    version: versionOf(row),
  };
}

/** With the id in it: an entry that was deleted and made again is another one. */
function versionOf({ id, revision }: EntryRow): string {
  return `${id}-${revision}`;
}

/** What a record's secret parts are sealed under. */
export function sealContext(kind: string, id: string): string {
  return `${kind}/${id}`;
}

/** Entries below `parent`, deepest first. */
async function descendants(trx: Transaction<Tables>, parent: string): Promise<EntryRow[]> {
  const children = await trx.selectFrom('entries').selectAll().where('parent', '=', parent).execute();
  const below: EntryRow[] = [];
  for (const child of children) below.push(...(await descendants(trx, child.id)), child);
  return below;
}

async function refusingConflicts(statement: Promise<unknown>): Promise<void> {
  try {
    await statement;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY') {
      throw new Refusal('apiConflict', { cause: error });
    }
    throw error;
  }
}

function auditRow({ kind, before, after }: Change, { actor }: Write, { clock, ids }: Surroundings): AuditRow {
  const row = after ?? before;
  if (row === null) throw new Error('A change has a before or an after');
  const nowMs = clock.nowMs();
  return {
    id: ids(nowMs),
    account_id: row.account_id,
    at_ms: nowMs,
    actor_kind: actor.kind,
    actor_id: actor.id,
    actor_name: actor.name,
    action: before === null ? 'create' : after === null ? 'delete' : 'update',
    kind,
    entry_id: row.id,
    entry_name: row.name,
    parent: row.parent,
    before: before?.data ?? null,
    after: after?.data ?? null,
  };
}
