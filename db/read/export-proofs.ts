import { MOST_ENTRIES } from '../../domain/export/statement.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { logProver, publishedLog } from './log.ts';

/** An entry under the published checkpoint; hashes of the proof are base64, `leaf_hash` is hex. */
export interface EntryProof {
  leaf_hash: string;
  leaf: string;
  index: number;
  proof: string[];
}

export interface ExportProofs {
  origin: string;
  checkpoint: string;
  entries: EntryProof[];
}

export interface ExportProofsQuery {
  workspace_id: string;
  /** What the entries are about, as `export/<id>`. */
  objects: readonly string[];
  /** Hex leaf hashes of entries about these that have to be among them. */
  required: readonly string[];
}

/** An export that was held for days has entries for each time that it was tried again: those before and the last ones matter. */
const OLDEST = 96;
const NEWEST = 16;

const ENTRIES = `SELECT i.idx AS index, e.leaf, encode(e.leaf_hash, 'hex') AS leaf_hash
  FROM unnest($2::text[]) AS wanted(object)
  CROSS JOIN LATERAL (
    (SELECT idx, entry_id FROM log_index WHERE workspace_id = $1 AND object = wanted.object AND epoch = $3 AND idx < $4
      ORDER BY idx LIMIT ${OLDEST})
    UNION
    (SELECT idx, entry_id FROM log_index WHERE workspace_id = $1 AND object = wanted.object AND epoch = $3 AND idx < $4
      ORDER BY idx DESC LIMIT ${NEWEST})) AS i
  JOIN ledger_entries e USING (entry_id) ORDER BY i.idx DESC`;

/**
 * Entries about the objects, the first and the last of each, in order, with their proofs under the newest signed checkpoint; null while one that
 * is required is not under it yet. At most `MOST_ENTRIES`, the required ones among them.
 */
export async function exportProofs(
  db: Queryable,
  { workspace_id, objects, required }: ExportProofsQuery,
): Promise<ExportProofs | null> {
  const log = await publishedLog(db);
  if (log === undefined) return null;
  const found = await rows<Omit<EntryProof, 'proof'>>(db, ENTRIES, [workspace_id, objects, log.epoch, log.size]);
  const wanted = found.filter((entry) => required.includes(entry.leaf_hash));
  if (new Set(required).size !== wanted.length) return null;
  const others = found.filter((entry) => !required.includes(entry.leaf_hash));
  const kept = [...wanted, ...others.slice(0, MOST_ENTRIES - wanted.length)].sort((a, b) => a.index - b.index);
  const prover = logProver(db, log.epoch);
  const entries: EntryProof[] = [];
  for (const entry of kept) {
    const hashes = await prover.inclusion(entry.index, log.size);
    entries.push({ ...entry, proof: hashes.map((hash) => Buffer.from(hash).toString('base64')) });
  }
  return { origin: log.origin, checkpoint: log.checkpoint, entries };
}
