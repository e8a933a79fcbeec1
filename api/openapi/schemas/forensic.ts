import { z } from 'zod';
import { named } from '../registry.ts';
import { count, digest, gateName, instant } from './common.ts';
import { incident } from './incidents.ts';
import { requirement } from './recovery.ts';

const leafHash = z.base64().describe('SHA-256, 32 bytes');

const entry = z
  .object({
    entry: z.record(z.string(), z.unknown()).describe('the leaf: RFC 8785 JSON'),
    id: z.string().optional().describe('<epoch>-<index>'),
    index: count.optional().describe('absent until a checkpoint covers the entry'),
    leaf_hash: leafHash,
  })
  .describe('an entry of the ledger in the order of the log');

const ceremony = z.union([
  z
    .object({
      kind: z.literal('acknowledgement'),
      incident_id: z.string(),
      operator: z.string(),
      actor: z.string().describe('who was authenticated'),
      at: instant,
      binding: digest.describe('of the containment that was acknowledged'),
      evidence_digest: digest,
      note_digest: digest.nullable().describe('salted, as in the audit entry'),
    })
    .loose(),
  z
    .object({
      kind: z.literal('re_attestation'),
      challenge_id: z.string(),
      node: z.string(),
      at: instant,
      actor: z.string(),
      passed: z.boolean(),
      simulated: z.boolean(),
      claims_digest: digest,
      evidence_digest: digest.describe('of the evidence as it is kept'),
      incidents: z.array(z.object({ incident_id: z.string(), binding: digest })),
    })
    .loose(),
]);

const systemState = z
  .object({
    attestation: z.record(z.string(), z.unknown()),
    ceremonies: z.array(ceremony),
    counters: z.object({ incidents: z.array(z.record(z.string(), z.unknown())), tallies: z.record(z.string(), count) }),
    gates: z.array(z.object({ gate: gateName, open: z.boolean(), hold_count: count })),
    holds: z.array(z.record(z.string(), z.unknown())).describe('every hold that stands'),
    integrity: z.record(z.string(), z.unknown()),
    ledger: z.object({ epoch: count, origin: z.string(), verifier_key: z.string(), size: count }),
    pending_recoveries: z.array(requirement),
    schema: z.object({ version: count, head: count }),
    workspace: z.string(),
  })
  .describe('what is no incident and no entry');

export const forensicBundle = named(
  'ForensicBundle',
  z.object({
    audit_entries: z.array(entry),
    exported_at: instant,
    incidents: z.array(incident),
    policy_digest: digest.nullable(),
    system_state: systemState,
    canonical_payload: z.base64().describe('the RFC 8785 JSON of the five members above, as it was hashed'),
    key_id: z.string().describe('names the forensic key'),
    ledger: z.object({
      checkpoint: z.string().describe('C2SP tlog-checkpoint, signed'),
      proofs: z
        .object({ first: count, size: count, hashes: z.array(leafHash).optional() })
        .describe('the range of the log that the entries with an index are in; what else the tree has is in `hashes`'),
    }),
    bundle_hash: digest.describe('SHA-256 of the canonical payload'),
    signature: digest.describe('HMAC-SHA256 over the 32 bytes of the hash, by the forensic key'),
    signature_ed25519: z.base64().describe('over the 32 bytes of the hash, by the key of the log'),
  }),
);
