import { z } from 'zod';
import type { Claim } from '../../domain/attestation/claim.ts';
import { pcrValueSchema } from '../../domain/attestation/evidence.ts';
import type { PcrValue } from '../../domain/attestation/evidence.ts';
import { INSTANCE } from '../command/caller.ts';
import { one } from '../client.ts';
import type { Queryable } from '../client.ts';

/** A node's last appraisal. */
export interface LastResult {
  at: string;
  passed: boolean;
  failed: Claim[];
  /** The values that the evidence shows; none where it is not evidence at all. */
  pcrs: PcrValue[];
}

const shownSchema = z.object({ pcrs: z.array(pcrValueSchema).max(24) });

/** What the last appraisal of a node found, and what its evidence shows: of a hostile host it may be of any shape. */
export async function lastResult(db: Queryable, node: string): Promise<LastResult | undefined> {
  const row = await one<{ at: string; passed: boolean; claims: string; evidence: string }>(
    db,
    `SELECT at, passed, claims, evidence FROM attestation_results
      WHERE workspace_id = $1 AND node = $2 ORDER BY result_id DESC LIMIT 1`,
    [INSTANCE, node],
  );
  if (row === undefined) return undefined;
  const { at, passed } = row;
  const failed = (JSON.parse(row.claims) as Claim[]).filter((c) => !c.ok);
  return { at, passed, failed, pcrs: shownPcrs(row.evidence) };
}

/** Evidence that was too long to be kept whole is no JSON any more. */
function shownPcrs(evidence: string): PcrValue[] {
  try {
    return shownSchema.safeParse(JSON.parse(evidence)).data?.pcrs ?? [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
