import { canonicalJson } from '../../domain/canonical/json.ts';
import { parseContainmentPolicy, policyDigest, separatesResolver } from '../../domain/containment/policy.ts';
import type { ContainmentPolicy } from '../../domain/containment/policy.ts';
import { one, prepared } from '../client.ts';
import type { Database, Queryable } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import { writeEntries } from '../write/ledger.ts';

export interface ActivePolicy {
  digest: string;
  policy: ContainmentPolicy;
}

const parsed = new Map<string, ContainmentPolicy>();
let last: ActivePolicy | undefined;

/** The policy that was active when this process last asked: a guess that spares a trip, never a verdict. */
export const lastPolicy = (): ActivePolicy | undefined => last;

/** The containment policy in force, read in the caller's transaction; bodies are immutable and parsed once per digest. */
export async function activePolicy(tx: Queryable): Promise<ActivePolicy> {
  const [row] = await prepared<{ digest: string; body: string }>(
    tx,
    'policy-active',
    `SELECT a.digest, CASE WHEN a.digest = ANY($1) THEN NULL ELSE p.body END AS body
      FROM active_policies a JOIN policies p USING (digest) WHERE a.kind = 'containment'`,
    [[...parsed.keys()]],
  );
  if (row === undefined) throw new Error('no containment policy is active');
  const policy = parsed.get(row.digest) ?? parseContainmentPolicy(JSON.parse(row.body));
  parsed.set(row.digest, policy);
  last = { digest: row.digest, policy };
  return last;
}

/** Who resolves, where the policy that the incident was judged by wants another person than the one who acknowledged it. */
export async function separation(
  tx: Queryable,
  { policy_digest }: { policy_digest: string },
  actor: string,
): Promise<{ separate?: { actor: string } }> {
  return separatesResolver(await policyOf(tx, policy_digest)) ? { separate: { actor } } : {};
}

/** Policies are never deleted: a digest that has none is a damaged record, and nothing is decided on it. */
async function policyOf(tx: Queryable, digest: string): Promise<ContainmentPolicy> {
  const known = parsed.get(digest);
  if (known !== undefined) return known;
  const [row] = await prepared<{ body: string }>(tx, 'policy-body', 'SELECT body FROM policies WHERE digest = $1', [
    digest,
  ]);
  if (row === undefined) throw new Error('the policy that an incident was judged by is not in the record');
  const policy = parseContainmentPolicy(JSON.parse(row.body));
  parsed.set(digest, policy);
  return policy;
}

/** Stores a policy under its digest and makes it the active one. Returns the digest; activating the active one is no change. */
export async function activatePolicy(db: Database, policy: ContainmentPolicy, actor: string): Promise<string> {
  return transaction(db, (tx) => activateDocument(tx, containment(policy, actor), 'replace'));
}

/** At start: makes the reviewed file the active policy only where none is active yet. Returns the digest in force. */
export async function ensurePolicy(db: Database, policy: ContainmentPolicy, actor: string): Promise<string> {
  return transaction(db, (tx) => activateDocument(tx, containment(policy, actor), 'first'));
}

const containment = (policy: ContainmentPolicy, actor: string): ReviewedDocument => ({
  kind: 'containment',
  digest: policyDigest(policy, sha256),
  body: canonicalJson(policy),
  actor,
  on_behalf_of: null,
});

/** What was reviewed and is to be in force: its canonical text under the digest of that. */
export interface ReviewedDocument {
  kind: 'containment' | 'hooks';
  digest: string;
  body: string;
  actor: string;
  on_behalf_of: string | null;
}

/** Stores a document under its digest and makes it the active one of its kind, or, with `first`, only where there is none. */
export async function activateDocument(
  tx: Tx,
  { kind, digest, body, actor, on_behalf_of }: ReviewedDocument,
  mode: 'replace' | 'first',
): Promise<string> {
  await tx.query("SELECT pg_advisory_xact_lock(hashtext('interlock:policy'))");
  const current = await one<{ digest: string; version: number }>(
    tx,
    `SELECT a.digest, a.version FROM active_policies a WHERE a.kind = $1 FOR UPDATE`,
    [kind],
  );
  if (current !== undefined && (mode === 'first' || current.digest === digest)) return current.digest;
  await tx.query(
    `INSERT INTO policies (workspace_id, digest, kind, body, created_at, actor, on_behalf_of)
      VALUES ('system', $1, $2, $3, date_trunc('milliseconds', clock_timestamp()), $4, $5) ON CONFLICT (digest) DO NOTHING`,
    [digest, kind, body, actor, on_behalf_of],
  );
  const active = await one<{ version: number; activated_at: string }>(
    tx,
    `INSERT INTO active_policies AS a (workspace_id, kind, digest, version, activated_at, actor, on_behalf_of)
      VALUES ('system', $1, $2, 1, date_trunc('milliseconds', clock_timestamp()), $3, $4)
      ON CONFLICT (kind) DO UPDATE SET digest = excluded.digest, version = a.version + 1,
        activated_at = excluded.activated_at, actor = excluded.actor,
        on_behalf_of = excluded.on_behalf_of
      RETURNING version, activated_at`,
    [kind, digest, actor, on_behalf_of],
  );
  await writeEntries(tx, [
    {
      workspace_id: 'system',
      at: active?.activated_at ?? '',
      actor,
      on_behalf_of,
      action: 'policy_activated',
      object: `policy/${kind}`,
      record_hash: digest,
      record_version: active?.version ?? 0,
      detail: { kind, digest, previous: current?.digest ?? null },
      policy_digest: digest,
    },
  ]);
  return digest;
}
