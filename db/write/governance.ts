import { makeLine } from '../../domain/governance/line.ts';
import { NO_LINE, receiptPayload, RECEIPT_TYPE } from '../../domain/governance/receipt.ts';
import type { Receipt, ReceiptSigner } from '../../domain/governance/receipt.ts';
import { canonicalJson } from '../../domain/canonical/json.ts';
import { toBase64 } from '../../domain/signing/base64.ts';
import { envelopeOf, preAuthenticationEncoding } from '../../domain/signing/dsse.ts';
import type { DsseEnvelope } from '../../domain/signing/dsse.ts';
import { one } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from './change.ts';
import { leafHash, writeEntries } from './ledger.ts';
import type { EntryDraft } from './ledger.ts';

/** Where the next line of a bundle's ledger goes. */
export interface LedgerHead {
  seq: number;
  prev: string;
}

/** The end of a bundle's ledger (`sha256:…`); until the transaction ends nobody else adds to it. */
export async function lockLedger(tx: Tx, workspace_id: string, bundle_digest: string): Promise<LedgerHead> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `governance:${workspace_id}:${bundle_digest}`,
  ]);
  const last = await one<{ seq: number; hash: string }>(
    tx,
    `SELECT seq, hash FROM governance_lines WHERE workspace_id = $1 AND bundle_digest = $2
      ORDER BY workspace_id, bundle_digest, seq DESC LIMIT 1`,
    [workspace_id, bundle_digest],
  );
  return last === undefined ? { seq: 1, prev: NO_LINE } : { seq: last.seq + 1, prev: last.hash };
}

interface Line {
  signer: ReceiptSigner;
  /** The waiver as it was signed; null where it is revoked. */
  envelope: DsseEnvelope | null;
  /** Says what happened: its leaf hash stands in the receipt, `seq` and `prev` are added to its detail. */
  entry: EntryDraft;
  receipt: Omit<Receipt, 'seq' | 'prev' | 'entry' | 'signer'>;
}

/** Adds a line to the ledger whose head was locked, with its entry in the log of the instance. */
export async function appendLine(
  tx: Tx,
  { seq, prev }: LedgerHead,
  { signer, envelope, entry, receipt }: Line,
): Promise<void> {
  const draft = { ...entry, detail: { ...entry.detail, seq, prev } };
  await writeEntries(tx, [draft]);
  const { key_id, public_key, sign } = signer;
  const payload = receiptPayload({
    ...receipt,
    seq,
    prev,
    entry: leafHash(canonicalJson(draft)).toString('hex'),
    signer: { key_id, public_key: toBase64(public_key) },
  });
  const signature = sign(preAuthenticationEncoding(RECEIPT_TYPE, payload));
  const signed = envelopeOf(RECEIPT_TYPE, payload, [{ key_id, signature }]);
  const { line, text } = makeLine({ seq, prev, envelope, receipt: signed }, sha256);
  await tx.query(
    `INSERT INTO governance_lines
        (workspace_id, bundle_digest, seq, waiver_id, event, prev_hash, hash, line, at, actor, on_behalf_of)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      entry.workspace_id,
      receipt.bundle.digest,
      seq,
      receipt.waiver_id,
      receipt.event,
      prev,
      line.hash,
      text,
      entry.at,
      entry.actor,
      entry.on_behalf_of,
    ],
  );
}
