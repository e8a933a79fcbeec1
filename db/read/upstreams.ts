import { parseUpstreams } from '../../domain/upstream/definition.ts';
import type { Upstream, Upstreams } from '../../domain/upstream/definition.ts';
import type { ReadinessRow } from '../../domain/upstream/readiness.ts';
import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { INSTANCE } from '../command/caller.ts';

export interface LoadedUpstreams {
  digest: string;
  activated_at: string;
  upstreams: Upstream[];
}

let parsed: { digest: string; upstreams: Upstreams } | undefined;

/** The upstreams in force; undefined before some were loaded. Bodies are immutable and parsed once per digest. */
export async function loadedUpstreams(db: Queryable): Promise<LoadedUpstreams | undefined> {
  const row = await one<{ digest: string; activated_at: string; body: string | null }>(
    db,
    `SELECT a.digest, a.activated_at, CASE WHEN a.digest = $1 THEN NULL ELSE p.body END AS body
      FROM active_policies a JOIN policies p USING (digest) WHERE a.kind = 'upstreams'`,
    [parsed?.digest ?? ''],
  );
  if (row === undefined) return undefined;
  const known = parsed?.digest === row.digest ? parsed : { digest: row.digest, upstreams: bodyOf(row.body) };
  parsed = known;
  return { digest: row.digest, activated_at: row.activated_at, upstreams: known.upstreams.upstreams };
}

const bodyOf = (body: string | null): Upstreams => parseUpstreams(JSON.parse(body ?? 'null'));

export interface ProbeRow extends ReadinessRow {
  probe: string;
  latency_ms: number | null;
}

/** The last result of each probe, by name; at most four of each of the 64 upstreams that there may be. */
export async function upstreamProbes(db: Queryable, name?: string): Promise<ProbeRow[]> {
  return rows<ProbeRow>(
    db,
    `SELECT name, probe, is_default, ok, code, latency_ms, checked_at, since FROM upstream_probes
      WHERE workspace_id = $1 AND ($2::text IS NULL OR name = $2) ORDER BY name, probe LIMIT 256`,
    [INSTANCE, name ?? null],
  );
}

export interface UpstreamAccount {
  name: string;
  state: 'logged_in' | 'logged_out';
  issuer: string | null;
  scope: string | null;
  refreshable: boolean;
  expires_at: string | null;
  changed_at: string;
  error: string | null;
  version: number;
}

/** What is known of the OAuth account of an upstream; undefined before the first login. */
export async function upstreamAccount(db: Queryable, name: string): Promise<UpstreamAccount | undefined> {
  return one<UpstreamAccount>(
    db,
    `SELECT name, state, issuer, scope, refreshable, expires_at, changed_at, error, version FROM upstream_accounts
      WHERE workspace_id = $1 AND name = $2`,
    [INSTANCE, name],
  );
}
