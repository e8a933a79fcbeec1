import { sql } from 'drizzle-orm';
import { bigserial, boolean, check, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { authorship, instant } from './columns.ts';

/** The last result of each probe of each upstream that is loaded; made with the set, gone with the entry. */
export const upstreamProbes = pgTable(
  'upstream_probes',
  {
    workspace_id: text().notNull(),
    name: text().notNull(),
    probe: text().notNull(),
    is_default: boolean().notNull(),
    /** Null before the first answer. */
    ok: boolean(),
    code: text(),
    latency_ms: integer(),
    checked_at: instant(),
    /** Since when it is as it is. */
    since: instant().notNull(),
    /** Whoever moves it on is the one that asks next. */
    due_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.name, t.probe] }),
    check('upstream_probes_probe', sql`${t.probe} IN ('readiness', 'reference', 'auth', 'canary')`),
    check('upstream_probes_code', sql`(${t.ok} IS FALSE) = (${t.code} IS NOT NULL)`),
    index('upstream_probes_due').on(t.probe, t.due_at),
  ],
);

/** When a probe began to answer otherwise; the last hundred of each. */
export const upstreamProbeChanges = pgTable(
  'upstream_probe_changes',
  {
    workspace_id: text().notNull(),
    change_id: bigserial({ mode: 'number' }).notNull(),
    name: text().notNull(),
    probe: text().notNull(),
    ok: boolean().notNull(),
    code: text(),
    at: instant().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.change_id] }),
    index('upstream_probe_changes_of').on(t.workspace_id, t.name, t.probe, t.change_id),
  ],
);

/**
 * What the API asks of the worker that reaches the outside. `input` and `answer` are JSON without secrets, but for the
 * authorization code of a login, which is worth nothing without the verifier and is cleared when it was used.
 */
export const upstreamRequests = pgTable(
  'upstream_requests',
  {
    workspace_id: text().notNull(),
    request_id: text().notNull(),
    kind: text().notNull(),
    name: text(),
    input: text().notNull(),
    requested_at: instant().notNull(),
    /** Nobody waits any longer. */
    expires_at: instant().notNull(),
    /** By a worker that has not answered yet. */
    taken_at: instant(),
    answered_at: instant(),
    answer: text(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.request_id] }),
    check('upstream_requests_kind', sql`${t.kind} IN ('check', 'login', 'callback', 'refresh', 'logout')`),
    check('upstream_requests_answer', sql`(${t.answered_at} IS NULL) = (${t.answer} IS NULL)`),
    index('upstream_requests_waiting')
      .on(t.requested_at)
      .where(sql`taken_at IS NULL`),
    index('upstream_requests_expired').on(t.expires_at),
  ],
);

/** OAuth accounts: that there are tokens, how far they reach and until when; the tokens themselves are secrets. */
export const upstreamAccounts = pgTable(
  'upstream_accounts',
  {
    workspace_id: text().notNull(),
    name: text().notNull(),
    state: text().notNull(),
    issuer: text(),
    scope: text(),
    refreshable: boolean().notNull(),
    expires_at: instant(),
    changed_at: instant().notNull(),
    /** Of a refresh or a revocation that failed last. */
    error: text(),
    version: integer().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.name] }),
    check('upstream_accounts_state', sql`${t.state} IN ('logged_in', 'logged_out')`),
  ],
);
