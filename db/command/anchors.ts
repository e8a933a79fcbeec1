import { createHash } from 'node:crypto';
import { anchorCounterClaims, anchorEvidenceSchema, anchorQuoteClaims } from '../../domain/attestation/anchor-quote.ts';
import type { Claim } from '../../domain/attestation/claim.ts';
import type { EnrolledKey } from '../../domain/attestation/key-claims.ts';
import { canonicalJson } from '../../domain/canonical/json.ts';
import { anchorDue, counterIsAhead, isCounter, successor } from '../../domain/ledger/anchor.ts';
import type { Suspicion } from '../../domain/ledger/anchor.ts';
import { parseCheckpoint } from '../../domain/ledger/checkpoint.ts';
import { parseNote } from '../../domain/ledger/note.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { anchorStanding } from '../read/anchors.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { clock } from './watch.ts';

/** What the attester is to do: move the counter from `counter_before` by one, and quote `digest`, both once. */
export interface IntendedAnchor {
  kind: 'intended';
  anchor_id: number;
  counter_before: string;
  /** SHA-256 of the signed checkpoint, hex. */
  digest: string;
}

export type Intention =
  IntendedAnchor | { kind: 'not_due' | 'not_enrolled' | 'malformed' } | { kind: 'suspected'; suspicion: Suspicion };

export interface CounterRead {
  node: string;
  /** As the attester said it, of any shape. */
  counter: unknown;
  interval_ms: number;
  /** The process is about to end: the pace does not count. */
  closing: boolean;
}

/**
 * Judges the counter, and writes what is intended before it moves. The counter may be where an unfinished anchor left it or
 * where it would have brought it; above every intention it was moved for a record that we do not have.
 */
export async function intendAnchor(db: Database, by: Caller, read: CounterRead): Promise<Intention> {
  const { node, counter, interval_ms, closing } = read;
  if (!isCounter(counter)) return { kind: 'malformed' };
  return transaction(db, async (tx): Promise<Intention> => {
    // Not the head's lock: that is the sequencer's, and it has rounds to do.
    await tx.query(`SELECT pg_advisory_xact_lock(hashtext('log-anchor'))`);
    const standing = await anchorStanding(tx);
    if (standing === undefined) return { kind: 'not_due' };
    const key = await enrolledKey(tx, node);
    if (key?.state !== 'enrolled') return { kind: 'not_enrolled' };
    const highest_intended = await highestIntended(tx, standing.epoch, key);
    if (highest_intended !== null && counterIsAhead(counter, highest_intended)) {
      return { kind: 'suspected', suspicion: { cause: 'counter_ahead', anchored_by: node, counter, highest_intended } };
    }
    const { origin, epoch, checkpoint, halted_at, now } = standing;
    const due = halted_at === null && anchorDue({ ...standing, interval_ms }, closing);
    if (checkpoint === null || !due) return { kind: 'not_due' };
    const { size, root } = parseCheckpoint(parseNote(checkpoint).text);
    const row = await one<{ anchor_id: number }>(
      tx,
      `INSERT INTO log_anchors (epoch, size, root, note, node, ak_name, counter_before, intended_at, actor, on_behalf_of)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING anchor_id`,
      [epoch, size, Buffer.from(root), checkpoint, node, key.ak_name, counter, now, by.actor, by.on_behalf_of],
    );
    const anchor_id = row?.anchor_id ?? 0;
    const detail = { anchor_id, size, counter, node, ak_name: key.ak_name };
    await entry(tx, by, { at: now, origin, action: 'anchor_intended', detail });
    return { kind: 'intended', anchor_id, counter_before: counter, digest: noteDigest(checkpoint) };
  });
}

const noteDigest = (note: string): string => createHash('sha256').update(note, 'utf8').digest('hex');

const enrolledKey = (tx: Tx, node: string) =>
  one<EnrolledKey>(
    tx,
    'SELECT node, state, ak_public, ak_name FROM attestation_nodes WHERE workspace_id = $1 AND node = $2',
    [INSTANCE, node],
  );

/** Null: this TPM has anchored nothing in this epoch, and whatever its counter says is where it starts. */
async function highestIntended(tx: Tx, epoch: number, { node, ak_name }: EnrolledKey): Promise<string | null> {
  const row = await one<{ counter: string }>(
    tx,
    `SELECT counter_before::text AS counter FROM log_anchors WHERE epoch = $1 AND node = $2 AND ak_name = $3
      ORDER BY log_anchors.counter_before DESC LIMIT 1`,
    [epoch, node, ak_name],
  );
  return row === undefined ? null : successor(row.counter);
}

export type CompletedAnchor =
  { ok: true } | { ok: false; code: 'evidence_malformed' | 'counter_moved' | 'quote_failed' | 'counter_unproven' };

interface Row {
  size: number;
  note: string;
  node: string;
  ak_name: string;
  counter_before: string;
  completed_at: string | null;
  origin: string;
}

/** Judges what the attester sent, and completes the anchor with it or says in the ledger why not. A repeat changes nothing. */
export async function completeAnchor(
  db: Database,
  by: Caller,
  { anchor_id, evidence }: { anchor_id: number; evidence: unknown },
): Promise<CompletedAnchor> {
  return transaction(db, async (tx): Promise<CompletedAnchor> => {
    const row = await one<Row>(
      tx,
      `SELECT a.size, a.note, a.node, a.ak_name, a.counter_before::text, a.completed_at, h.origin FROM log_anchors a
        JOIN log_heads h ON h.workspace_id = $2 AND h.epoch = a.epoch WHERE a.anchor_id = $1 FOR UPDATE OF a`,
      [anchor_id, INSTANCE],
    );
    if (row === undefined) throw new Error(`there is no anchor ${anchor_id}`);
    if (row.completed_at !== null) return { ok: true };
    const at = await clock(tx);
    const { origin, size, node } = row;
    const judged = judge(row, await enrolledKey(tx, node), evidence);
    if (!judged.ok) {
      await missed(tx, by, { at, origin, reason: judged.code });
      return judged;
    }
    const text = canonicalJson(judged.evidence);
    const evidence_digest = noteDigest(text);
    await tx.query(
      `UPDATE log_anchors SET completed_at = $2, counter_value = $3, evidence = $4, evidence_digest = $5 WHERE anchor_id = $1`,
      [anchor_id, at, judged.evidence.counter, text, evidence_digest],
    );
    await tx.query(
      'UPDATE log_heads SET anchor_missed_at = NULL WHERE workspace_id = $1 AND anchor_missed_at IS NOT NULL',
      [INSTANCE],
    );
    const { counter } = judged.evidence;
    const detail = { anchor_id, size, counter, node, evidence_digest };
    await entry(tx, by, { at, origin, action: 'anchor_completed', detail });
    return { ok: true };
  });
}

function judge(row: Row, key: EnrolledKey | undefined, evidence: unknown) {
  const parsed = anchorEvidenceSchema.safeParse(evidence);
  if (!parsed.success) return { ok: false, code: 'evidence_malformed' } as const;
  const { counter, quote, certified } = parsed.data;
  if (quote === null || counter !== successor(row.counter_before)) return { ok: false, code: 'counter_moved' } as const;
  if (key?.ak_name !== row.ak_name) return { ok: false, code: 'quote_failed' } as const;
  const expected = { digest: noteDigest(row.note), node: key };
  const holds = (claims: Claim[]): boolean => claims.every(({ ok }) => ok);
  if (!holds(anchorQuoteClaims(quote, expected, sha256))) return { ok: false, code: 'quote_failed' } as const;
  const certain = certified && holds(anchorCounterClaims(certified, { ...expected, counter }, sha256));
  if (certain !== true) return { ok: false, code: 'counter_unproven' } as const;
  return { ok: true, evidence: parsed.data } as const;
}

/** Records that an anchor did not come; the first of a row of them has an entry. */
export async function missAnchor(db: Database, by: Caller, reason: string): Promise<void> {
  await transaction(db, async (tx) => {
    const standing = await anchorStanding(tx);
    if (standing === undefined) return;
    await missed(tx, by, { at: standing.now, origin: standing.origin, reason });
  });
}

async function missed(tx: Tx, by: Caller, { at, origin, reason }: { at: string; origin: string; reason: string }) {
  const row = await one(
    tx,
    `UPDATE log_heads SET anchor_missed_at = $2 WHERE workspace_id = $1 AND origin = $3 AND anchor_missed_at IS NULL
      RETURNING epoch`,
    [INSTANCE, at, origin],
  );
  if (row !== undefined) await entry(tx, by, { at, origin, action: 'anchor_missed', detail: { reason } });
}

/** Marks checkpoints as copied. That a copy was made is no change of the record that anyone decides by. */
export async function markCopied(db: Database, anchor_id: number): Promise<void> {
  await db.query('UPDATE log_anchors SET copied_at = clock_timestamp() WHERE anchor_id = $1 AND copied_at IS NULL', [
    anchor_id,
  ]);
}

interface LogEntry {
  at: string;
  origin: string;
  action: string;
  detail: Record<string, unknown>;
}

const entry = (tx: Tx, by: Caller, { at, origin, action, detail }: LogEntry) =>
  writeEntries(tx, [
    {
      workspace_id: INSTANCE,
      at,
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      action,
      object: `log/${origin}`,
      record_hash: null,
      record_version: null,
      detail,
      policy_digest: null,
    },
  ]);
