import { leaseState, revokedBy } from '../../domain/secret/lease.ts';
import type { LeaseFacts } from '../../domain/secret/lease.ts';
import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { leases } from '../schema/secrets.ts';

type LeaseRow = typeof leases.$inferSelect;

/** A lease without what its holder proves itself by. */
export type JudgedLease = Omit<LeaseRow, 'secret_digest' | 'slot_epoch' | 'subject_epoch' | 'vault_generation'> &
  LeaseFacts;

/** The sum of the generations of a slot's vault: any hold placed or released since changes it. `w`, `slot` are SQL. */
export const vaultGeneration = (w: string, slot: string): string =>
  `(SELECT coalesce(sum(g.generation), 0)::int8 FROM gate_states g
    WHERE g.workspace_id IN (${w}, 'system') AND g.gate = 'vault' AND g.target IN (${slot}, '*'))`;

/** `checkGate('vault', slot)` inside the statement that decides. */
export const vaultClosed = (w: string, slot: string): string =>
  `EXISTS (SELECT 1 FROM holds h WHERE h.workspace_id IN (${w}, 'system') AND h.gate = 'vault' AND h.target IN (${slot}, '*')
    AND h.released_at IS NULL)`;

/** What a lease `l` of a slot `s` is judged by, and what joins to it. */
export const FACTS = `${vaultClosed('l.workspace_id', 'l.slot')} AS vault_closed, l.slot_epoch = s.lease_epoch AS slot_stands,
  l.subject_epoch = coalesce(u.lease_epoch, 0) AS subject_stands,
  l.vault_generation = ${vaultGeneration('l.workspace_id', 'l.slot')} AS vault_stands, l.not_after > clock_timestamp() AS in_time`;
export const FACTS_FROM = `leases l JOIN secret_slots s ON s.workspace_id = l.workspace_id AND s.slot = l.slot
  LEFT JOIN lease_subjects u ON u.workspace_id = l.workspace_id AND u.subject = l.subject`;

const COLUMNS =
  'l.workspace_id, l.lease_id, l.slot, l.subject, l.issued_at, l.renewed_at, l.not_after, l.actor, l.on_behalf_of';

/** A lease as its readers see it: the digest it is proven by is never shown. */
export const leaseView = (lease: JudgedLease) => ({
  lease_id: lease.lease_id,
  slot: lease.slot,
  subject: lease.subject,
  state: leaseState(lease),
  ...(revokedBy(lease) === null ? {} : { revoked_by: revokedBy(lease) }),
  issued_at: lease.issued_at,
  issued_by: lease.actor,
  renewed_at: lease.renewed_at,
  not_after: lease.not_after,
});

export async function findLease(
  db: Queryable,
  workspace_id: string,
  lease_id: string,
): Promise<JudgedLease | undefined> {
  const text = `SELECT ${COLUMNS}, ${FACTS} FROM ${FACTS_FROM} WHERE l.workspace_id = $1 AND l.lease_id = $2`;
  return one<JudgedLease>(db, text, [workspace_id, lease_id]);
}

export interface LeasePage {
  workspace_id: string;
  subject: string;
  limit: number;
  after?: { not_after: string; lease_id: string };
}

/** The statement of `listLeases`. */
export const leaseListQuery = ({ workspace_id, subject, limit, after }: LeasePage) => ({
  text: `SELECT ${COLUMNS}, ${FACTS} FROM ${FACTS_FROM} WHERE l.workspace_id = $1 AND l.subject = $2
      ${after === undefined ? '' : 'AND (l.not_after, l.lease_id) < ($4, $5)'}
    ORDER BY l.not_after DESC, l.lease_id DESC LIMIT $3`,
  values: [workspace_id, subject, limit + 1, ...(after === undefined ? [] : [after.not_after, after.lease_id])],
});

/** A subject's leases, the one that ends last first. `next` is where the next page begins. */
export async function listLeases(db: Queryable, page: LeasePage) {
  const found = await rows<JudgedLease>(db, leaseListQuery(page).text, leaseListQuery(page).values);
  const items = found.slice(0, page.limit);
  return { items, next: found.length > page.limit ? (items.at(-1) ?? null) : null };
}

/** Leases are counted up to here; all of them are revoked. */
export const LEASES_COUNTED = 10_000;

type LeasesOf = { slot: string } | { subject: string };

/** The statement of `countLive`. */
export function liveCountQuery(workspace_id: string, of: LeasesOf) {
  const mine = 'slot' in of ? 'l.slot = $2 AND l.slot_epoch = s.lease_epoch' : 'l.subject = $2';
  return {
    text: `SELECT count(*)::int4 AS n FROM (SELECT ${FACTS} FROM ${FACTS_FROM}
        WHERE l.workspace_id = $1 AND ${mine} AND l.not_after > clock_timestamp() LIMIT ${LEASES_COUNTED}) AS live
      WHERE slot_stands AND subject_stands AND vault_stands`,
    values: [workspace_id, 'slot' in of ? of.slot : of.subject],
  };
}

/** How many leases of a slot, or of a subject, are active at this moment; of the first `LEASES_COUNTED` that have not ended. */
export async function countLive(db: Queryable, workspace_id: string, of: LeasesOf): Promise<number> {
  const { text, values } = liveCountQuery(workspace_id, of);
  return (await one<{ n: number }>(db, text, values))?.n ?? 0;
}

/** A subject and whether its leases were ever revoked. */
export async function subjectRevocation(db: Queryable, workspace_id: string, subject: string) {
  return one<{ epoch_at: string; actor: string }>(
    db,
    'SELECT epoch_at, actor FROM lease_subjects WHERE workspace_id = $1 AND subject = $2',
    [workspace_id, subject],
  );
}
