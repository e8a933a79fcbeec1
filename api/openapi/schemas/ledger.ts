import { z } from 'zod';
import { provenanceKeysSchema } from '../../../domain/export/provenance-key.ts';
import { keyArchiveSchema } from '../../../domain/ledger/key-archive.ts';
import { named } from '../registry.ts';
import { count } from './common.ts';

export const plainText = named('PlainText', z.string());
export const binary = named('Bytes', z.string().describe('not JSON'));
const name = z.string().min(1).max(256);
export const promotion = named(
  'RecordPromotion',
  z.strictObject({
    origin: name.describe('the origin of the log that ends'),
    reason: z.string().min(1).max(1024),
    confirm: name.optional().describe('the origin once more, where one person is all there is'),
  }),
);
export const promoted = named(
  'RecordPromoted',
  z.object({
    status: z
      .enum(['promoted', 'granted'])
      .describe('granted: the worker that holds the keys has not opened the epoch yet'),
    promoted_by: z.array(z.string()),
    single_operator: z.boolean(),
    origin: z.string().optional().describe('of the new epoch'),
    epoch: count.optional(),
  }),
);

const hash = z.base64().describe('SHA-256, 32 bytes');
const checkpoint = z.string().describe('C2SP tlog-checkpoint, signed');

export const ledgerKeys = named('LedgerKeys', keyArchiveSchema);
export const provenanceKeys = named('ProvenanceKeys', provenanceKeysSchema);

export const ledgerEntry = named(
  'LedgerEntry',
  z.object({
    id: z
      .string()
      .regex(/^\d+-\d+$/)
      .describe('<epoch>-<index>'),
    index: count,
    entry: z.record(z.string(), z.unknown()).describe('the leaf: RFC 8785 JSON'),
  }),
);
export const ledgerEntries = named('LedgerEntries', z.array(ledgerEntry));

export const inclusionProof = named(
  'InclusionProof',
  z.object({
    epoch: count,
    index: count,
    size: count,
    leaf: z.string().describe('the bytes that are hashed, as text'),
    leaf_hash: hash,
    proof: z.array(hash).describe('RFC 9162 §2.1.3'),
    checkpoint,
  }),
);

export const consistencyProof = named(
  'ConsistencyProof',
  z.object({ epoch: count, from: count, size: count, proof: z.array(hash).describe('RFC 9162 §2.1.4'), checkpoint }),
);
