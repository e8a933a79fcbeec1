import { one, rows } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import type { Caller } from './caller.ts';

/** A bundle as it is recorded; `bundle_hash` is hex. */
export interface ForensicExport extends Caller {
  export_id: string;
  bundle_hash: string;
  key_id: string;
  exported_at: string;
  incidents: number;
  audit_entries: number;
  policy_digest: string | null;
  /** Of the log whose checkpoint is in the bundle. */
  epoch: number;
}

const NOW = `date_trunc('milliseconds', clock_timestamp())`;

/** Asks whoever holds the log's key to sign a bundle; nobody waits for the answer longer than `withinMs`. */
export async function requestSignature(db: Database, bundle: ForensicExport, withinMs: number): Promise<void> {
  await db.query(
    `WITH asked AS (INSERT INTO forensic_exports (workspace_id, export_id, bundle_hash, key_id, exported_at, incidents,
        audit_entries, policy_digest, epoch, actor, on_behalf_of, requested_at, expires_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, ${NOW}, ${NOW} + $12 * interval '1 millisecond') RETURNING 1)
    SELECT pg_notify('forensic_exports', '') FROM asked`,
    [
      bundle.workspace_id,
      bundle.export_id,
      bundle.bundle_hash,
      bundle.key_id,
      bundle.exported_at,
      bundle.incidents,
      bundle.audit_entries,
      bundle.policy_digest,
      bundle.epoch,
      bundle.actor,
      bundle.on_behalf_of,
      withinMs,
    ],
  );
}

type Key = Pick<ForensicExport, 'workspace_id' | 'export_id'>;

/** The signature of a bundle in base64, undefined while there is none. */
export async function signatureOf(db: Database, { workspace_id, export_id }: Key): Promise<string | undefined> {
  const row = await one<{ signature_ed25519: string | null }>(
    db,
    'SELECT signature_ed25519 FROM forensic_exports WHERE workspace_id = $1 AND export_id = $2',
    [workspace_id, export_id],
  );
  return row?.signature_ed25519 ?? undefined;
}

type Row = ForensicExport & { signature_ed25519: string | null; failed_at: string | null; now: string };

/** Gives a bundle up, unless it was signed at the last moment: then that signature is returned, and it is an export. */
export async function abandonExport(db: Database, { workspace_id, export_id }: Key): Promise<string | undefined> {
  return transaction(db, async (tx) => {
    const row = await one<Row>(
      tx,
      `SELECT *, ${NOW} AS now FROM forensic_exports WHERE workspace_id = $1 AND export_id = $2 FOR UPDATE`,
      [workspace_id, export_id],
    );
    if (row === undefined || row.failed_at !== null) return undefined;
    if (row.signature_ed25519 === null) await fail(tx, row);
    return row.signature_ed25519 ?? undefined;
  });
}

/** How many bundles one transaction signs. */
const AT_ONCE = 16;

/**
 * Signs the bundles that wait for the key of an epoch and records each as exported in the same transaction; those that
 * nobody waits for any more, because whoever asked is gone, are recorded as failed. Returns how many there were. Several
 * workers may do so: each takes what no other has taken.
 */
export async function signExports(
  db: Database,
  epoch: number,
  sign: (bundleHash: Uint8Array) => Uint8Array,
): Promise<number> {
  return transaction(db, async (tx) => {
    const waiting = await rows<Row & { expired: boolean }>(
      tx,
      `SELECT *, ${NOW} AS now, expires_at <= clock_timestamp() AS expired FROM forensic_exports
        WHERE signed_at IS NULL AND failed_at IS NULL AND (epoch = $1 OR expires_at <= clock_timestamp())
        ORDER BY expires_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED`,
      [epoch],
    );
    for (const row of waiting) await (row.expired ? fail(tx, row) : succeed(tx, row, sign));
    return waiting.length;
  });
}

async function succeed(tx: Tx, row: Row, sign: (bundleHash: Uint8Array) => Uint8Array): Promise<void> {
  const signature = Buffer.from(sign(Buffer.from(row.bundle_hash, 'hex'))).toString('base64');
  await tx.query(
    'UPDATE forensic_exports SET signed_at = $3, signature_ed25519 = $4 WHERE workspace_id = $1 AND export_id = $2',
    [row.workspace_id, row.export_id, row.now, signature],
  );
  const { key_id, exported_at, incidents, audit_entries } = row;
  await writeEntries(tx, [
    entryOf(row, 'forensic_exported', { key_id, exported_at, incidents, audit_entries }, row.now),
  ]);
}

async function fail(tx: Tx, row: Row): Promise<void> {
  await tx.query('UPDATE forensic_exports SET failed_at = $3 WHERE workspace_id = $1 AND export_id = $2', [
    row.workspace_id,
    row.export_id,
    row.now,
  ]);
  await writeEntries(tx, [entryOf(row, 'forensic_export_failed', { code: 'log_signer_unavailable' }, row.now)]);
}

const entryOf = (row: ForensicExport, action: string, detail: Record<string, unknown>, at: string) => ({
  workspace_id: row.workspace_id,
  at,
  actor: row.actor,
  on_behalf_of: row.on_behalf_of,
  action,
  object: `forensic/${row.export_id}`,
  record_hash: row.bundle_hash,
  record_version: 1,
  detail: { bundle_hash: row.bundle_hash, ...detail },
  policy_digest: row.policy_digest,
});
