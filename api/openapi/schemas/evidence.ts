import { z } from 'zod';
import { ROLES } from '../../../domain/identity/roles.ts';
import { named } from '../registry.ts';
import { count, digest, instant, severity } from './common.ts';

const run = {
  workflow_id: z.string(),
  run_id: z.string().describe('`unknown` where Temporal lost the workflow itself'),
  type: z.string(),
};

export const histories = named(
  'ProcessHistories',
  z.array(
    z.union([
      z.object({ ...run, status: z.string(), digest, bytes: count, stored_at: instant }),
      z.object({ ...run, lost_at: instant.describe('Temporal had it no more') }),
    ]),
  ),
);

export const history = named(
  'ProcessHistory',
  z.object({ events: z.array(z.record(z.string(), z.unknown())) }).describe('as Temporal had it: it can be replayed'),
);

export const notifications = named(
  'Notifications',
  z.array(
    z.object({
      id: count,
      kind: z.enum(['alert', 'reminder', 'page']),
      severity,
      message: z.string(),
      created_at: instant,
      seen_at: instant.nullable(),
      seen_by: z.string().nullable(),
    }),
  ),
);

const collected = {
  manifest_digest: digest.describe('of the MANIFEST.json, which names every file by its own'),
  files: count,
  bytes: count,
  absent: count.describe('how many things the manifest lists as absent'),
};

export const evidence = named('EvidenceManifest', z.strictObject(collected));
const taken = { evidence_id: z.string(), collected_at: instant, collected_by: z.string() };
export const evidenceTaken = named('EvidenceTaken', z.object({ ...taken, manifest_digest: collected.manifest_digest }));
export const evidenceList = named(
  'EvidenceList',
  z.array(z.object({ ...taken, ...collected, on_behalf_of: z.string().nullable() })),
);

export const callerView = named(
  'Caller',
  z.object({
    workspace_id: z.string(),
    actor: z.string().describe('who was authenticated'),
    on_behalf_of: z.string().nullable(),
    roles: z.array(z.enum(ROLES)),
  }),
);
