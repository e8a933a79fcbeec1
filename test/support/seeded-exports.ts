import type { Database } from '../../db/client.ts';

/** So many exports of the workspace `default` that wait for approvals, of a hundred bundles, and a tenth as many blocked ones. */
export async function seedExports(db: Database, pending: number): Promise<void> {
  await db.query(
    `INSERT INTO exports (workspace_id, export_id, name, bundle_version, destination, key, state, mode, quorum, policy_digest,
        expires_at, findings, would_block, reason_code, held, received, closed_during_commit, attempts, reason, created_at,
        pending_since, finished_at, version, actor)
      SELECT 'default', 'EXP-20260101-' || lpad(to_hex(i), 8, '0'), 'bundle-' || i % 100, '1.0.0', '{"kind":"file"}', 'k/' || i,
        CASE WHEN blocked THEN 'blocked' ELSE 'pending_approval' END, 'enforce',
        '[{"role":"safety_reviewer","count":1},{"role":"security_owner","count":1}]', repeat('p', 64), at + interval '7 days', '[]',
        '[]', CASE WHEN blocked THEN 'registry_unreachable' END, false, 0, false, 0, 'seeded', at, at,
        CASE WHEN blocked THEN at END, 1, 'alice'
      FROM (SELECT i, i > $1 AS blocked, timestamptz '2026-01-01T00:00:00Z' + make_interval(secs => i) AS at
        FROM generate_series(1, $1 + $1 / 10) AS i) AS rows_of`,
    [pending],
  );
  await db.query('ANALYZE exports');
}
