import type { ProbeName, ProbeResult } from '../../domain/upstream/probes.ts';
import { one, rows } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';

/** Names whose readiness is due, each for whoever asked first; the others find the next round. `everyMs` until then. */
export async function takeDueReadiness(db: Database, everyMs: number, limit: number): Promise<string[]> {
  const due = await rows<{ name: string }>(
    db,
    `UPDATE upstream_probes AS p SET due_at = clock_timestamp() + $2 * interval '1 millisecond'
      WHERE (p.workspace_id, p.name, p.probe) IN (
        SELECT workspace_id, name, probe FROM upstream_probes
        WHERE workspace_id = $1 AND probe = 'readiness' AND due_at <= clock_timestamp()
        ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
      RETURNING p.name`,
    [INSTANCE, everyMs, limit],
  );
  return due.map(({ name }) => name);
}

/** Changes of one probe that are kept. */
const KEPT = 100;

/**
 * Records what a probe of the set `digest` found. A change is kept and has its entry in the ledger; what was found about an
 * entry that is no longer loaded is dropped.
 */
export async function recordProbe(
  db: Database,
  { name, probe, digest, actor }: { name: string; probe: ProbeName; digest: string; actor: string },
  result: ProbeResult,
): Promise<void> {
  const code = result.ok ? null : result.code;
  await transaction(db, async (tx) => {
    const before = await one<{ ok: boolean | null; code: string | null; now: string }>(
      tx,
      `SELECT p.ok, p.code, date_trunc('milliseconds', clock_timestamp()) AS now FROM upstream_probes p
        JOIN active_policies a ON a.kind = 'upstreams' AND a.digest = $4
        WHERE p.workspace_id = $1 AND p.name = $2 AND p.probe = $3 FOR UPDATE OF p`,
      [INSTANCE, name, probe, digest],
    );
    if (before === undefined) return;
    const changed = before.ok !== result.ok || before.code !== code;
    // How long it has been wrong counts, not how long it has been wrong in this way.
    const turned = before.ok !== result.ok;
    await tx.query(
      `UPDATE upstream_probes SET ok = $4, code = $5, latency_ms = $6, checked_at = $7::timestamptz, actor = $8,
          since = CASE WHEN $9 THEN $7::timestamptz ELSE since END
        WHERE workspace_id = $1 AND name = $2 AND probe = $3`,
      [INSTANCE, name, probe, result.ok, code, result.latency_ms, before.now, actor, turned],
    );
    if (!changed) return;
    await tx.query(
      `INSERT INTO upstream_probe_changes (workspace_id, name, probe, ok, code, at, actor)
        VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [INSTANCE, name, probe, result.ok, code, before.now, actor],
    );
    await tx.query(
      `DELETE FROM upstream_probe_changes WHERE workspace_id = $1 AND name = $2 AND probe = $3 AND change_id <= (
        SELECT change_id FROM upstream_probe_changes WHERE workspace_id = $1 AND name = $2 AND probe = $3
        ORDER BY change_id DESC OFFSET ${KEPT} LIMIT 1)`,
      [INSTANCE, name, probe],
    );
    await writeEntries(tx, [
      {
        workspace_id: INSTANCE,
        at: before.now,
        actor,
        on_behalf_of: null,
        action: result.ok ? 'upstream_answers' : 'upstream_fails',
        object: `upstream/${name}`,
        record_hash: null,
        record_version: null,
        detail: { name, probe, code },
        policy_digest: digest,
      },
    ]);
  });
}
