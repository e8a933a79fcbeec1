import { setTimeout as sleep } from 'node:timers/promises';
import type { EntryProof } from '../../domain/evidence/manifest.ts';
import type { AuditAnswer } from '../answers.ts';
import type { Client } from '../client.ts';
import { RefusedError } from '../errors.ts';

export interface Recorded {
  evidence_id: string;
  collected_at: string;
  collected_by: string;
  manifest_digest: string;
}

/** A checkpoint covers an entry a moment after it was written. */
const PROVEN_WITHIN_MS = 15_000;
const AGAIN_MS = 200;

/** Waits for the entry that names the manifest and its proof; undefined when no checkpoint comes to cover it. */
export async function provenRecord(
  client: Client,
  incident: string,
  { manifest_digest }: Recorded,
): Promise<EntryProof | undefined> {
  const deadline = performance.now() + PROVEN_WITHIN_MS;
  const query = { entity: `incident/${incident}`, action: 'evidence_collected', limit: 10 };
  while (performance.now() < deadline) {
    const { body: events } = await client.get<AuditAnswer[]>('/v1/audit', { query });
    for (const { id } of events) {
      const proof = await proofOf(client, Number(id.slice(id.indexOf('-') + 1)));
      if (proof !== undefined && proof.leaf.includes(manifest_digest)) return proof;
    }
    await sleep(AGAIN_MS);
  }
  return undefined;
}

async function proofOf(client: Client, index: number): Promise<EntryProof | undefined> {
  try {
    const { body } = await client.get<EntryProof>('/v1/ledger/proof', { query: { index } });
    const { epoch, leaf, proof, checkpoint } = body;
    return { epoch, index, leaf, proof, checkpoint };
  } catch (error) {
    // Not covered yet, or of an epoch that has ended.
    if (error instanceof RefusedError && [404, 503].includes(error.status)) return undefined;
    throw error;
  }
}
