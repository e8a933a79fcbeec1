import type { Database } from '../../../db/client.ts';

const CLASSES = `ARRAY['tool_call_burst', 'prompt_injection', 'manifest_mismatch', 'attestation_failure']`;
const SEVERITIES = `ARRAY['medium', 'high', 'high', 'critical']`;
const RANKS = 'ARRAY[3, 2, 2, 1]';

/**
 * `n` incidents straight into the record, one in twenty still open, and one hold each; every tenth belongs to `system`.
 * Creation times repeat, so that a page may end between two of the same millisecond.
 */
export async function seedIncidents(db: Database, n: number): Promise<void> {
  await db.query(
    `INSERT INTO incidents (workspace_id, id, number, created_at, class, severity, severity_rank, state, source, description,
        evidence, actions, target_key, marks, latched, require_ack, require_reattest, binding, required_after, ack_binding,
        reattest_binding, recovery_pending, pending_actions, settlements, occurrences, policy_digest, hash, version, actor)
      SELECT CASE WHEN i % 10 = 0 THEN 'system' ELSE 'default' END, 'INC-20260101-000000-' || lpad((1000000 + i)::text, 7, '0'),
        1000000 + i, timestamptz '2026-01-01' + (i / 3) * interval '1 second', c, s, r, st, 'seed', 'seeded', '{}', '[]', '[]', '[]',
        latch, latch, false, 'b' || i, timestamptz '2026-01-01', CASE WHEN st = 'resolved' THEN 'b' || i END, NULL,
        latch AND st <> 'resolved', 0, 0, 1, 'p', 'h', 1, 'seed'
      FROM (SELECT i, (${CLASSES})[1 + i % 4] AS c, (${SEVERITIES})[1 + i % 4] AS s, (${RANKS})[1 + i % 4] AS r, i % 4 >= 2 AS latch,
          CASE WHEN i % 20 = 7 THEN 'contained' WHEN i % 20 = 15 THEN 'containment_failed' ELSE 'resolved' END AS st
        FROM generate_series(1, $1::int4) AS g(i)) AS x`,
    [n],
  );
  await db.query(
    `INSERT INTO holds (workspace_id, hold_id, gate, target, action, incident_id, reason, generation, placed_at, released_at, actor)
      SELECT workspace_id, id || '/freeze_agent', (ARRAY['agent', 'airlock', 'vault', 'model', 'tool'])[1 + number % 5],
        CASE WHEN number % 50 = 0 THEN '*' ELSE 'agent:' || number % 1000 END, 'freeze_agent', id, 'seeded', 1, created_at,
        CASE WHEN state = 'resolved' THEN created_at END, 'seed' FROM incidents`,
  );
  await db.query('ANALYZE incidents, holds');
}

/** `n` retired adapters of the workspace `default`, by name in no order, and as many of another one. */
export async function seedAdapters(db: Database, n: number): Promise<void> {
  await db.query(
    `INSERT INTO adapters (workspace_id, adapter_id, name, mode, url, actions, gates, secret_ref, internal, state, created_at,
        retired_at, version, actor)
      SELECT w, w || i, 'a' || (i * 7919) % 100003, 'external', 'http://127.0.0.1:9/', '{freeze_agent}', '{agent}', 'env:NONE',
          true, 'retired', now(), now(), 1, 'seed'
        FROM generate_series(1, $1::int4) AS i, unnest(ARRAY['default', 'lab']) AS w`,
    [n],
  );
  await db.query('ANALYZE adapters');
}
