import { z } from 'zod';
import { named } from '../registry.ts';
import { instant } from './common.ts';

export const auditEvent = named(
  'AuditEvent',
  z.object({
    id: z
      .string()
      .regex(/^\d+-\d+$/)
      .describe('of the ledger entry: <epoch>-<index>'),
    ts: instant,
    user_id: z.string().describe('who was authenticated'),
    on_behalf_of: z.string().nullable().describe('whom they claimed to act for'),
    action: z.string(),
    entity_type: z.string(),
    entity_id: z.string(),
    workspace_id: z.string(),
  }),
);
export const auditEvents = named('AuditEvents', z.array(auditEvent));
