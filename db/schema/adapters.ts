import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { Action, Gate, IncidentClass } from '../../domain/containment/types.ts';
import type { CredentialSlot } from '../../domain/adapter/child.ts';
import { authorship, bytes, instant } from './columns.ts';

/** Enforcement points outside. Secrets are references, never values. */
export const adapters = pgTable(
  'adapters',
  {
    workspace_id: text().notNull(),
    adapter_id: text().notNull(),
    name: text().notNull(),
    mode: text().$type<'external' | 'child_process'>().notNull(),
    /** Of an external one: where it listens. */
    url: text(),
    /** Of a child: what is run, and which slots it is given in which variables. */
    command: text(),
    args: text().array().notNull().default([]),
    credential_slots: jsonb().$type<CredentialSlot[]>().notNull().default([]),
    actions: text().array().$type<Action[]>().notNull(),
    /** The gates of `actions`. */
    gates: text().array().$type<Gate[]>().notNull(),
    /** `file:/path`, `env:NAME` or `slot:NAME`. */
    secret_ref: text(),
    /** During a rotation requests carry a signature by this one too. */
    previous_secret_ref: text(),
    internal: boolean().notNull(),
    /** What it may report by calling in. */
    classes: text().array().$type<IncidentClass[]>().notNull().default([]),
    state: text().$type<'active' | 'retired'>().notNull(),
    created_at: instant().notNull(),
    retired_at: instant(),
    retired_by: jsonb().$type<string[]>(),
    last_ack_at: instant(),
    last_latency_ms: integer(),
    /** The code of the last request that failed; null once one was acknowledged. */
    last_error: text(),
    failing_since: instant(),
    /** A trial request that somebody waits for, and what came of it. */
    trial_id: text(),
    trial_done_id: text(),
    trial_error: text(),
    trial_latency_ms: integer(),
    version: integer().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.adapter_id] }),
    uniqueIndex('adapters_name').on(t.workspace_id, t.name),
    index('adapters_active')
      .on(t.workspace_id)
      .where(sql`state = 'active'`),
    index('adapters_children')
      .on(t.workspace_id, t.adapter_id)
      .where(sql`state = 'active' AND mode = 'child_process'`),
    check('adapters_state', sql`${t.state} IN ('active', 'retired')`),
    check(
      'adapters_mode',
      sql`CASE ${t.mode} WHEN 'external' THEN ${t.url} IS NOT NULL AND ${t.secret_ref} IS NOT NULL AND ${t.command} IS NULL
        WHEN 'child_process' THEN ${t.url} IS NULL AND ${t.command} IS NOT NULL ELSE false END`,
    ),
  ],
);

/** What each adapter is known to hold, and whether it has to be told again. */
export const adapterTargets = pgTable(
  'adapter_targets',
  {
    workspace_id: text().notNull(),
    adapter_id: text().notNull(),
    gate: text().$type<Gate>().notNull(),
    target: text().notNull(),
    due: boolean().notNull(),
    /** Of the most severe incident that it is due for; a restore comes last. */
    severity_rank: smallint().notNull(),
    due_at: instant().notNull(),
    attempts: integer().notNull(),
    next_attempt_at: instant(),
    /** Counts sendings and losses: an answer to any but the latest says nothing. */
    sending: integer().notNull(),
    sent_at: instant(),
    sent_state: text().$type<'closed' | 'open'>(),
    /** Generations of this target in the adapter's own workspace and in the instance's. */
    sent_own: bigint({ mode: 'number' }).notNull(),
    sent_instance: bigint({ mode: 'number' }).notNull(),
    /** What travelled: their sum and, unless the target is `*`, the generations of `*`, which closes this target too. */
    sent_generation: bigint({ mode: 'number' }).notNull().default(0),
    acked_at: instant(),
    acknowledged_state: text().$type<'closed' | 'open'>(),
    acknowledged_generation: bigint({ mode: 'number' }).notNull(),
    /** Holds up to these generations are closed there; 0 when it holds none. */
    held_own: bigint({ mode: 'number' }).notNull(),
    held_instance: bigint({ mode: 'number' }).notNull(),
    /** On the row of `*`: up to which generation of it the gate's other targets have been made due. */
    spread_generation: bigint({ mode: 'number' }).notNull().default(0),
    last_error: text(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.adapter_id, t.gate, t.target] }),
    index('adapter_targets_due')
      .on(t.workspace_id, t.adapter_id, t.severity_rank, t.due_at)
      .where(sql`due`),
    index('adapter_targets_paused')
      .on(t.workspace_id, t.adapter_id, t.next_attempt_at)
      .where(sql`due AND next_attempt_at IS NOT NULL`),
    index('adapter_targets_told')
      .on(t.workspace_id, t.adapter_id, t.gate, t.acknowledged_state, t.target)
      .where(sql`NOT due`),
  ],
);

/** Events that adapters sent, by the id each was signed with, for as long as one could be sent again. */
export const adapterEvents = pgTable(
  'adapter_events',
  {
    workspace_id: text().notNull(),
    adapter_id: text().notNull(),
    webhook_id: text().notNull(),
    incident_id: text(),
    received_at: instant().notNull(),
    expires_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.adapter_id, t.webhook_id] }),
    index('adapter_events_expiry').on(t.expires_at),
  ],
);

/** Every run of a child adapter is a lease: by its token it heartbeats and asks for its credentials while it stands. */
export const adapterChildren = pgTable(
  'adapter_children',
  {
    workspace_id: text().notNull(),
    lease_id: text().notNull(),
    adapter_id: text().notNull(),
    /** Of the definition that it was started by. */
    adapter_version: integer().notNull(),
    /** Which version of each slot it was given. */
    slots: jsonb().$type<{ slot: string; version: number }[]>().notNull(),
    /** SHA-256 of its token. */
    token_digest: bytes().notNull(),
    started_at: instant().notNull(),
    heartbeat_at: instant(),
    not_after: instant().notNull(),
    ended_at: instant(),
    end_code: text(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.lease_id] }),
    uniqueIndex('adapter_children_live')
      .on(t.workspace_id, t.adapter_id)
      .where(sql`ended_at IS NULL`),
    check('adapter_children_digest', sql`length(${t.token_digest}) = 32`),
  ],
);
