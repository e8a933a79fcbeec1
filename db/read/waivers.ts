import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { Tx } from '../transaction.ts';

/** A waiver as it stands on record; `state` is by the database's clock. */
export interface Waiver {
  waiver_id: string;
  state: 'standing' | 'expired' | 'revoked';
  digest: string;
  bundle_name: string;
  bundle_version: string;
  bundle_digest: string;
  transition_digest: string;
  scope: string;
  license_digest: string;
  role: string;
  identity: string;
  key_id: string;
  by: string;
  waived_at: string;
  not_after: string;
  revoked_at: string | null;
  revoked_by: string | null;
  revoke_reason: string | null;
}

const COLUMNS = `waiver_id, CASE WHEN revoked_at IS NOT NULL THEN 'revoked'
    WHEN not_after > clock_timestamp() THEN 'standing' ELSE 'expired' END AS state,
  digest, bundle_name, bundle_version, bundle_digest, transition_digest, scope, license_digest, role, identity, key_id,
  actor AS by, waived_at, not_after, revoked_at, revoked_by, revoke_reason`;

export const findWaiver = (db: Queryable, workspace_id: string, waiver_id: string): Promise<Waiver | undefined> =>
  one<Waiver>(db, `SELECT ${COLUMNS} FROM governance_waivers WHERE workspace_id = $1 AND waiver_id = $2`, [
    workspace_id,
    waiver_id,
  ]);

/** The JSON of the envelope that a waiver was signed in. */
export const waiverEnvelope = async (
  db: Queryable,
  workspace_id: string,
  waiver_id: string,
): Promise<string | undefined> =>
  (
    await one<{ envelope: string }>(
      db,
      'SELECT envelope FROM governance_waivers WHERE workspace_id = $1 AND waiver_id = $2',
      [workspace_id, waiver_id],
    )
  )?.envelope;

/**
 * The waiver that lifts `approval_missing` from an export of this bundle and transition at this moment, by the database's
 * clock, or undefined: nobody's waiver counts for what they ask for themselves. It cannot be revoked before the transaction is over. One whose key was revoked since
 * stands no more: nobody knows who signed what with it.
 */
export const standingWaiver = (
  tx: Tx,
  { workspace_id, bundle_digest, transition_digest, requester }: StandingQuery,
): Promise<{ waiver_id: string; digest: string; not_after: string; by: string } | undefined> =>
  one(tx, STANDING, [workspace_id, bundle_digest, transition_digest, requester]);

/** Both digests as `sha256:…`, as they were signed. */
export interface StandingQuery {
  workspace_id: string;
  bundle_digest: string;
  transition_digest: string;
  /** Whose export it is; null where there is one person for all of it. */
  requester: string | null;
}

/** The statement of `standingWaiver`. */
export const STANDING = `SELECT w.waiver_id, w.digest, w.not_after, w.actor AS by FROM governance_waivers w
    JOIN operator_keys k ON k.workspace_id = w.workspace_id AND k.key_id = w.key_id AND k.revoked_at IS NULL
  WHERE w.workspace_id = $1 AND w.bundle_digest = $2 AND w.transition_digest = $3 AND w.scope = 'export_unapproved'
    AND w.revoked_at IS NULL AND w.not_after > clock_timestamp() AND ($4::text IS NULL OR w.actor <> $4)
  ORDER BY w.not_after DESC, w.waiver_id LIMIT 1 FOR SHARE`;

export interface WaiverPage {
  workspace_id: string;
  limit: number;
  /** Only of this one, `sha256:…`. */
  bundle_digest?: string;
  after?: { created_at: string; id: string };
}

/** The statement of `listWaivers`. */
export const waiverListQuery = ({ workspace_id, limit, bundle_digest, after }: WaiverPage) => {
  const values: unknown[] = [workspace_id, limit + 1];
  const param = (value: unknown) => `$${values.push(value)}`;
  const ofBundle = bundle_digest === undefined ? '' : `AND bundle_digest = ${param(bundle_digest)}`;
  const behind =
    after === undefined ? '' : `AND (waived_at, waiver_id) < (${param(after.created_at)}, ${param(after.id)})`;
  const text = `SELECT ${COLUMNS} FROM governance_waivers WHERE workspace_id = $1 ${ofBundle} ${behind}
    ORDER BY waived_at DESC, waiver_id DESC LIMIT $2`;
  return { text, values };
};

/** The waivers of a workspace, newest first. */
export async function listWaivers(
  db: Queryable,
  page: WaiverPage,
): Promise<{ items: Waiver[]; next: { created_at: string; id: string } | null }> {
  const { text, values } = waiverListQuery(page);
  const found = await rows<Waiver>(db, text, values);
  const items = found.slice(0, page.limit);
  const last = items.at(-1);
  const more = found.length > page.limit && last !== undefined;
  return { items, next: more ? { created_at: last.waived_at, id: last.waiver_id } : null };
}

/** The lines of a bundle's ledger behind `after`, in order. */
export async function ledgerLines(
  db: Queryable,
  {
    workspace_id,
    bundle_digest,
    after,
    limit,
  }: { workspace_id: string; bundle_digest: string; after: number; limit: number },
): Promise<{ seq: number; line: string }[]> {
  return rows(
    db,
    `SELECT seq, line FROM governance_lines WHERE workspace_id = $1 AND bundle_digest = $2 AND seq > $3
      ORDER BY workspace_id, bundle_digest, seq LIMIT $4`,
    [workspace_id, bundle_digest, after, limit],
  );
}

/** The text of the line that says what became of a waiver. */
export const lineOf = async (
  db: Queryable,
  workspace_id: string,
  waiver_id: string,
  event: 'waived' | 'revoked',
): Promise<string | undefined> =>
  (
    await one<{ line: string }>(
      db,
      'SELECT line FROM governance_lines WHERE workspace_id = $1 AND waiver_id = $2 AND event = $3',
      [workspace_id, waiver_id, event],
    )
  )?.line;

/** Bundles of one transition that are named one by one. */
export const MOST_BUNDLES = 50;

/** The statement of `bundlesOfTransition`. */
export const transitionQuery = (workspace_id: string, transition_digest: string) => ({
  text: `SELECT name, version, digest FROM registry_bundles
    WHERE workspace_id = $1 AND (manifest::jsonb ->> 'transition_digest') = $2 ORDER BY name, version LIMIT ${MOST_BUNDLES}`,
  values: [workspace_id, transition_digest],
});

/** The published bundles that are the outcome of a transition (`sha256:…`), by name and version; digests in hex. */
export async function bundlesOfTransition(
  db: Queryable,
  workspace_id: string,
  transition_digest: string,
): Promise<{ name: string; version: string; digest: string }[]> {
  const { text, values } = transitionQuery(workspace_id, transition_digest);
  return rows(db, text, values);
}
