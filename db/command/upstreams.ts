import { canonicalJson } from '../../domain/canonical/json.ts';
import { upstreamsDigest } from '../../domain/upstream/definition.ts';
import type { Upstreams } from '../../domain/upstream/definition.ts';
import { probesOf } from '../../domain/upstream/probes.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';

/** Puts the reviewed upstreams into force and records them under their digest, which is returned; the same again is no change. */
export async function loadUpstreams(db: Database, upstreams: Upstreams, actor: string): Promise<string> {
  return transaction(db, (tx) => load(tx, upstreams, actor, 'replace'));
}

/** At start: puts the reviewed file into force only where none is. Returns the digest in force. */
export async function ensureUpstreams(db: Database, upstreams: Upstreams, actor: string): Promise<string> {
  return transaction(db, (tx) => load(tx, upstreams, actor, 'first'));
}

async function load(tx: Tx, upstreams: Upstreams, actor: string, mode: 'replace' | 'first'): Promise<string> {
  await tx.query("SELECT pg_advisory_xact_lock(hashtext('interlock:upstreams'))");
  const digest = upstreamsDigest(upstreams, sha256);
  const current = await one<{ digest: string }>(
    tx,
    `SELECT digest FROM active_policies WHERE kind = 'upstreams' FOR UPDATE`,
  );
  if (current !== undefined && (mode === 'first' || current.digest === digest)) return current.digest;
  await tx.query(
    `INSERT INTO policies (workspace_id, digest, kind, body, created_at, actor)
      VALUES ($1, $2, 'upstreams', $3, date_trunc('milliseconds', clock_timestamp()), $4) ON CONFLICT (digest) DO NOTHING`,
    [INSTANCE, digest, canonicalJson(upstreams), actor],
  );
  const active = await one<{ version: number; activated_at: string }>(
    tx,
    `INSERT INTO active_policies AS a (workspace_id, kind, digest, version, activated_at, actor)
      VALUES ($1, 'upstreams', $2, 1, date_trunc('milliseconds', clock_timestamp()), $3)
      ON CONFLICT (kind) DO UPDATE SET digest = excluded.digest, version = a.version + 1,
        activated_at = excluded.activated_at, actor = excluded.actor
      RETURNING version, activated_at`,
    [INSTANCE, digest, actor],
  );
  const at = active?.activated_at ?? '';
  await replaceProbes(tx, upstreams, at, actor);
  await writeEntries(tx, [
    {
      workspace_id: INSTANCE,
      at,
      actor,
      on_behalf_of: null,
      action: 'upstreams_loaded',
      object: 'policy/upstreams',
      record_hash: digest,
      record_version: active?.version ?? 0,
      detail: { kind: 'upstreams', digest, previous: current?.digest ?? null, count: upstreams.upstreams.length },
      policy_digest: digest,
    },
  ]);
  return digest;
}

/** What was found out about other entries, or about these when they were others, says nothing: all are asked anew. */
async function replaceProbes(tx: Tx, { upstreams }: Upstreams, at: string, actor: string): Promise<void> {
  await tx.query('DELETE FROM upstream_probes WHERE workspace_id = $1', [INSTANCE]);
  const all = upstreams.flatMap((entry) =>
    probesOf(entry).map((probe) => ({ name: entry.name, probe, is_default: entry.default })),
  );
  await tx.query(
    `INSERT INTO upstream_probes (workspace_id, name, probe, is_default, since, due_at, actor)
      SELECT $1, p.name, p.probe, p.is_default, $3::timestamptz, $3::timestamptz, $4
      FROM jsonb_to_recordset($2::jsonb) AS p(name text, probe text, is_default boolean)`,
    [INSTANCE, JSON.stringify(all), at, actor],
  );
  await tx.query("SELECT pg_notify('upstream_requests', '')");
}
