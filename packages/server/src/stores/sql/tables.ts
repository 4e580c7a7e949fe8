/** Columns as they are stored. Times are milliseconds, `data`, `before` and `after` JSON texts. */
export interface Tables {
  migrations: { number: number; name: string; applied_at_ms: number };
  accounts: { id: string; created_at_ms: number };
  /** Facts about the database itself, by name. */
  facts: { name: string; value: string };
  entries: EntryRow;
  audit: AuditRow;
  /** Deleted gateways whose logs may still be there. */
  removed_gateways: { key: string; at_ms: number };
}

export interface EntryRow {
  kind: string;
  id: string;
  account_id: string;
  parent: string;
  name: string;
  data: string;
  /** Encrypted parts of the entry, base64; null when it has none. */
  sealed: string | null;
  created_at_ms: number;
  modified_at_ms: number;
  revision: number;
}

export interface AuditRow {
  id: string;
  account_id: string;
  at_ms: number;
  actor_kind: string;
  actor_id: string;
  actor_name: string;
  action: 'create' | 'update' | 'delete';
  kind: string;
  entry_id: string;
  entry_name: string;
  parent: string;
  /** Without encrypted parts; null before creation. */
  before: string | null;
  after: string | null;
}
