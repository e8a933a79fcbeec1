import { z } from 'zod';
import { named } from '../registry.ts';
import { count } from './common.ts';

export const plainText = named('PlainText', z.string());
export const binary = named('Bytes', z.string().describe('not JSON'));
const hash = z.base64().describe('SHA-256, 32 bytes');
const checkpoint = z.string().describe('C2SP tlog-checkpoint, signed');

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
