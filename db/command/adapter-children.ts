import { createHash, randomBytes } from 'node:crypto';
import { LEASE_MS } from '../../domain/adapter/child.ts';
import { one, rows } from '../client.ts';
import type { Database, Queryable } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';

const SUPERVISOR = 'adapterChildren';

export interface ChildOf {
  workspace_id: string;
  adapter_id: string;
}

/** A run that was granted. The token is nowhere else. */
export interface ChildLease {
  lease_id: string;
  token: string;
}

const digestOf = (token: string): Buffer => createHash('sha256').update(token, 'utf8').digest();
const NOT_AFTER = `clock_timestamp() + interval '${LEASE_MS} milliseconds'`;

/**
 * Grants the one run that an adapter may have, by the definition of that version; null when it was changed or retired
 * meanwhile. An earlier run is over from here on.
 */
export async function leaseChild(
  db: Database,
  { workspace_id, adapter_id }: ChildOf,
  { version, slots }: { version: number; slots: { slot: string; version: number }[] },
): Promise<ChildLease | null> {
  const lease_id = `CHD-${randomBytes(8).toString('hex')}`;
  const token = randomBytes(32).toString('base64url');
  return transaction(db, async (tx) => {
    const adapter = await one<{ name: string; now: string }>(
      tx,
      `SELECT name, date_trunc('milliseconds', clock_timestamp()) AS now FROM adapters
        WHERE workspace_id = $1 AND adapter_id = $2 AND version = $3 AND state = 'active' AND mode = 'child_process' FOR SHARE`,
      [workspace_id, adapter_id, version],
    );
    if (adapter === undefined) return null;
    const earlier = await rows<ChildOf & { lease_id: string }>(
      tx,
      `SELECT workspace_id, adapter_id, lease_id FROM adapter_children
        WHERE workspace_id = $1 AND adapter_id = $2 AND ended_at IS NULL`,
      [workspace_id, adapter_id],
    );
    await endLeases(tx, earlier, 'replaced');
    await tx.query(
      `INSERT INTO adapter_children (workspace_id, lease_id, adapter_id, adapter_version, slots, token_digest, started_at, not_after, actor)
        VALUES ($1, $2, $3, $4, $5, $6, $7, ${NOT_AFTER}, $8)`,
      [workspace_id, lease_id, adapter_id, version, JSON.stringify(slots), digestOf(token), adapter.now, SUPERVISOR],
    );
    await entry(tx, { workspace_id, adapter_id }, 'adapter_child_started', adapter.now, {
      name: adapter.name,
      lease_id,
      adapter_version: version,
      slots,
    });
    return { lease_id, token };
  });
}

/** Ends one run, if it stands: from this commit its token is refused. Another run of the same adapter goes on. */
export async function endChild(db: Database, of: ChildOf & { lease_id: string }, code: string): Promise<void> {
  await transaction(db, (tx) => endLeases(tx, [of], code));
}

/** Ends all runs that stand: whoever supervised them is gone, and they with it. */
export async function endAllChildren(db: Database, code: string): Promise<void> {
  await transaction(db, async (tx) => {
    const standing = await rows<ChildOf & { lease_id: string }>(
      tx,
      'SELECT workspace_id, adapter_id, lease_id FROM adapter_children WHERE ended_at IS NULL ORDER BY workspace_id, adapter_id',
    );
    await endLeases(tx, standing, code);
  });
}

async function endLeases(tx: Tx, of: (ChildOf & { lease_id: string })[], code: string): Promise<void> {
  if (of.length === 0) return;
  const ended = await rows<ChildOf & { lease_id: string; now: string }>(
    tx,
    `UPDATE adapter_children AS c SET ended_at = date_trunc('milliseconds', clock_timestamp()), end_code = $3
      FROM unnest($1::text[], $2::text[]) AS k(w, l)
      WHERE c.workspace_id = k.w AND c.lease_id = k.l AND c.ended_at IS NULL
      RETURNING c.workspace_id, c.adapter_id, c.lease_id, c.ended_at AS now`,
    [of.map((k) => k.workspace_id), of.map((k) => k.lease_id), code],
  );
  for (const { lease_id, now, ...child } of ended)
    await entry(tx, child, 'adapter_child_ended', now, { lease_id, code });
}

const OF_STANDING = `workspace_id = $1 AND adapter_id = $2 AND ended_at IS NULL AND token_digest = $3 AND not_after > clock_timestamp()`;

async function renew(db: Queryable, of: ChildOf, digest: Buffer): Promise<string | null> {
  const row = await one<{ not_after: string }>(
    db,
    `UPDATE adapter_children SET heartbeat_at = clock_timestamp(), not_after = ${NOT_AFTER} WHERE ${OF_STANDING} RETURNING not_after`,
    [of.workspace_id, of.adapter_id, digest],
  );
  return row?.not_after ?? null;
}

async function stands(db: Queryable, of: ChildOf, digest: Buffer): Promise<boolean> {
  const row = await one(db, `SELECT 1 AS one FROM adapter_children WHERE ${OF_STANDING}`, [
    of.workspace_id,
    of.adapter_id,
    digest,
  ]);
  return row !== undefined;
}

/** Lets the run that a token is of go on; null when it is none that stands. Returns its new end. */
export const heartbeatChild = (db: Database, of: ChildOf, token: string): Promise<string | null> =>
  renew(db, of, digestOf(token));

/** Whether a token is of the run that stands. */
export const isLeased = (db: Database, of: ChildOf, token: string): Promise<boolean> => stands(db, of, digestOf(token));

/**
 * What the token of a run is answered, judged as if it had come: nobody but the run itself has it, its digest stays here.
 * Undefined: there was no such run.
 */
export async function answerToLease(
  db: Database,
  of: ChildOf & { lease_id: string },
): Promise<{ reads: boolean; renews: boolean } | undefined> {
  const run = await one<{ token_digest: Buffer }>(
    db,
    'SELECT token_digest FROM adapter_children WHERE workspace_id = $1 AND adapter_id = $2 AND lease_id = $3',
    [of.workspace_id, of.adapter_id, of.lease_id],
  );
  if (run === undefined) return undefined;
  const { token_digest } = run;
  return { reads: await stands(db, of, token_digest), renews: (await renew(db, of, token_digest)) !== null };
}

/** The leases that stand: a run whose lease is not among them was ended, or nothing was heard of it in time. */
export async function standingLeases(db: Database): Promise<Set<string>> {
  const found = await rows<{ lease_id: string }>(
    db,
    'SELECT lease_id FROM adapter_children WHERE ended_at IS NULL AND not_after > clock_timestamp()',
  );
  return new Set(found.map((row) => row.lease_id));
}

/** Says on the record why a child does not run, or why something was refused to it. */
export async function failChild(db: Database, of: ChildOf, code: string): Promise<void> {
  await transaction(db, async (tx) => {
    const row = await one<{ now: string }>(
      tx,
      `UPDATE adapters SET last_error = $3, failing_since = coalesce(failing_since, date_trunc('milliseconds', clock_timestamp()))
        WHERE workspace_id = $1 AND adapter_id = $2 RETURNING date_trunc('milliseconds', clock_timestamp()) AS now`,
      [of.workspace_id, of.adapter_id, code],
    );
    if (row !== undefined) await entry(tx, of, 'adapter_child_refused', row.now, { code });
  });
}

const entry = (
  tx: Tx,
  { workspace_id, adapter_id }: ChildOf,
  action: string,
  at: string,
  detail: Record<string, unknown>,
): Promise<void> =>
  writeEntries(tx, [
    {
      workspace_id,
      at,
      actor: SUPERVISOR,
      on_behalf_of: null,
      action,
      object: `adapter/${adapter_id}`,
      record_hash: null,
      record_version: null,
      detail,
      policy_digest: null,
    },
  ]);
