import { randomUUID } from 'node:crypto';
import { one, rows } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';

export const UPSTREAM_REQUEST_KINDS = ['check', 'login', 'callback', 'refresh', 'logout'] as const;
export type UpstreamRequestKind = (typeof UPSTREAM_REQUEST_KINDS)[number];

export interface UpstreamRequest {
  request_id: string;
  kind: UpstreamRequestKind;
  name: string | null;
  input: Record<string, unknown>;
  actor: string;
  on_behalf_of: string | null;
}

const ACTIONS: Record<UpstreamRequestKind, string> = {
  check: 'upstreams_checked',
  login: 'upstream_login_begun',
  callback: 'upstream_login_returned',
  refresh: 'upstream_refresh_asked',
  logout: 'upstream_logout_asked',
};

/** Asks the worker that reaches the outside; nobody waits for its answer longer than `withinMs`. Returns the request's id. */
export async function askUpstream(
  db: Database,
  by: Caller,
  { kind, name, input }: Pick<UpstreamRequest, 'kind' | 'name' | 'input'>,
  withinMs: number,
): Promise<string> {
  const request_id = randomUUID();
  await transaction(db, async (tx) => {
    const row = await one<{ requested_at: string }>(
      tx,
      `INSERT INTO upstream_requests (workspace_id, request_id, kind, name, input, requested_at, expires_at, actor, on_behalf_of)
        VALUES ($1, $2, $3, $4, $5, date_trunc('milliseconds', clock_timestamp()),
          clock_timestamp() + $6 * interval '1 millisecond', $7, $8) RETURNING requested_at`,
      [INSTANCE, request_id, kind, name, JSON.stringify(input), withinMs, by.actor, by.on_behalf_of],
    );
    await tx.query("SELECT pg_notify('upstream_requests', '')");
    await writeEntries(tx, [
      {
        workspace_id: INSTANCE,
        at: row?.requested_at ?? '',
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: ACTIONS[kind],
        object: name === null ? 'policy/upstreams' : `upstream/${name}`,
        record_hash: null,
        record_version: null,
        detail: { name, ...(kind === 'check' ? { probes: input['probes'] } : {}) },
        policy_digest: null,
      },
    ]);
  });
  return request_id;
}

/** The answer to a request, undefined while there is none. */
export async function upstreamAnswer(db: Database, request_id: string): Promise<Record<string, unknown> | undefined> {
  const row = await one<{ answer: string | null }>(
    db,
    'SELECT answer FROM upstream_requests WHERE workspace_id = $1 AND request_id = $2',
    [INSTANCE, request_id],
  );
  return row?.answer == null ? undefined : (JSON.parse(row.answer) as Record<string, unknown>);
}

/** Takes requests that wait, each for one worker. What stood in a callback is cleared as it is taken: it counts once. */
export async function takeUpstreamRequests(db: Database, limit: number): Promise<UpstreamRequest[]> {
  await db.query(
    `DELETE FROM upstream_requests WHERE (workspace_id, request_id) IN (SELECT workspace_id, request_id FROM upstream_requests
      WHERE expires_at < clock_timestamp() - interval '10 minutes' ORDER BY expires_at LIMIT 100)`,
  );
  const taken = await rows<UpstreamRequest & { input: string }>(
    db,
    `WITH due AS (SELECT workspace_id, request_id, input FROM upstream_requests
        WHERE taken_at IS NULL AND expires_at > clock_timestamp() ORDER BY requested_at LIMIT $1 FOR UPDATE SKIP LOCKED)
      UPDATE upstream_requests r SET taken_at = clock_timestamp(), input = CASE WHEN r.kind = 'callback' THEN '{}' ELSE r.input END
      FROM due WHERE r.workspace_id = due.workspace_id AND r.request_id = due.request_id
      RETURNING r.request_id, r.kind, r.name, due.input, r.actor, r.on_behalf_of`,
    [limit],
  );
  return taken.map((row) => ({ ...row, input: JSON.parse(row.input) as Record<string, unknown> }));
}

/** Leaves the answer where whoever asked looks for it. */
export async function answerUpstream(db: Database, request_id: string, answer: Record<string, unknown>): Promise<void> {
  await db.query(
    `UPDATE upstream_requests SET answered_at = clock_timestamp(), answer = $3
      WHERE workspace_id = $1 AND request_id = $2 AND answered_at IS NULL`,
    [INSTANCE, request_id, JSON.stringify(answer)],
  );
}
