import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { direction, paging, timestamp } from './fields.ts';

const instant = z.iso.datetime({ offset: true });

/** One change of the configuration. Values are the stored settings without secrets; empty before creation and after deletion. */
export const auditEntry = z.object({
  id: z.string(),
  when: timestamp,
  action: z.object({ type: z.enum(['create', 'update', 'delete']), info: z.string(), result: z.literal(true) }),
  actor: z.object({ id: z.string(), email: z.string(), ip: z.string(), type: z.enum(['user', 'system']) }),
  resource: z.object({ id: z.string(), type: z.string() }),
  owner: z.object({ id: z.string() }),
  interface: z.literal('API'),
  metadata: z.object({ name: z.string(), actor_name: z.string() }),
  oldValue: z.string(),
  newValue: z.string(),
  oldValueJson: z.unknown(),
  newValueJson: z.unknown(),
});
export type AuditEntry = z.output<typeof auditEntry>;

export const auditEndpoints = {
  'auditLogs.list': endpoint({
    method: 'GET',
    path: '/accounts/{account_id}/audit_logs',
    tag: 'Audit logs',
    summary: 'List changes of the configuration',
    permission: 'read',
    query: z.object({
      ...paging(1000),
      id: z.string().optional(),
      'action.type': z.enum(['create', 'update', 'delete']).optional(),
      since: instant.optional(),
      before: instant.optional(),
      direction: direction.default('desc'),
    }),
    body: null,
    response: auditEntry,
    reply: 'page',
  }),
};
