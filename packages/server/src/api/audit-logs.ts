import type { AuditEntry, auditEndpoints } from '@headgate/contract';
import { isoTime } from '../lib/index.ts';
import type { AuditRecord } from '../stores/control-ports.ts';
import type { ApiDeps, Handlers } from './endpoint-handler.ts';
import { paged } from './find.ts';

export function auditHandlers({ control }: ApiDeps): Handlers<typeof auditEndpoints> {
  return {
    'auditLogs.list': async ({ params, query }) => {
      const action = query['action.type'];
      const { items, totalCount } = await control.audit(params.account_id, {
        ...paged(query),
        direction: query.direction,
        ...(query.id === undefined ? {} : { id: query.id }),
        ...(action === undefined ? {} : { action }),
        ...(query.since === undefined ? {} : { sinceMs: Date.parse(query.since) }),
        ...(query.before === undefined ? {} : { beforeMs: Date.parse(query.before) }),
      });
      return { items: items.map(wire), totalCount };
    },
  };
}

function wire(record: AuditRecord): AuditEntry {
  const text = (value: unknown) => (value === null ? '' : JSON.stringify(value));
  const thing = record.kind.replaceAll('_', ' ');
  return {
    id: record.id,
    when: isoTime(record.atMs),
    action: { type: record.action, info: `${thing} ${record.action}d`, result: true },
    actor: { id: record.actor.id, email: '', ip: '', type: record.actor.kind === 'token' ? 'user' : 'system' },
    resource: { id: record.entryId, type: `ai_gateway.${record.kind}` },
    owner: { id: record.accountId },
    interface: 'API',
    metadata: { name: record.entryName, actor_name: record.actor.name },
    oldValue: text(record.before),
    newValue: text(record.after),
    oldValueJson: record.before ?? {},
    newValueJson: record.after ?? {},
  };
}
