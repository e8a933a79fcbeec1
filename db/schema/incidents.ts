import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgSequence,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { ActionRecord, IncidentState, NamedTarget } from '../../domain/incident/types.ts';
import type { IncidentClass, Severity } from '../../domain/containment/types.ts';
import { authorship, instant } from './columns.ts';

/** The NNNN of an incident id: counts up for ever, also over rolled-back transactions. */
export const incidentNumber = pgSequence('incident_number', { startWith: 1 });

export const incidents = pgTable(
  'incidents',
  {
    workspace_id: text().notNull(),
    id: text().notNull(),
    number: bigint({ mode: 'number' }).notNull(),
    created_at: instant().notNull(),
    class: text().$type<IncidentClass>().notNull(),
    severity: text().$type<Severity>().notNull(),
    severity_rank: smallint().notNull(),
    state: text().$type<IncidentState>().notNull(),
    source: text().notNull(),
    description: text().notNull(),
    /** Canonical JSON as text: jsonb would rewrite what is hashed. */
    evidence: text().notNull(),
    actions: jsonb().$type<ActionRecord[]>().notNull(),
    named_targets: jsonb().$type<NamedTarget[]>().notNull().default([]),
    target_key: text().notNull(),
    marks: jsonb().$type<string[]>().notNull(),
    latched: boolean().notNull(),
    require_ack: boolean().notNull(),
    require_reattest: boolean().notNull(),
    binding: text().notNull(),
    required_after: instant().notNull(),
    ack_binding: text(),
    acked_at: instant(),
    acked_by: text(),
    acked_actor: text(),
    reattest_binding: text(),
    re_attested_at: instant(),
    recovery_pending: boolean().notNull(),
    pending_actions: integer().notNull(),
    settlements: integer().notNull(),
    contained_at: instant(),
    triaged_at: instant(),
    triaged_by: text(),
    resolved_at: instant(),
    resolved_by: text(),
    occurrences: integer().notNull(),
    folded_by: text(),
    dedup_key: text(),
    policy_digest: text().notNull(),
    hash: text().notNull(),
    version: integer().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.id] }),
    check(
      'incidents_latch',
      sql`${t.state} <> 'resolved' OR ((NOT ${t.require_ack} OR ${t.ack_binding} IS NOT DISTINCT FROM ${t.binding}) AND (NOT ${t.require_reattest} OR ${t.reattest_binding} IS NOT DISTINCT FROM ${t.binding}) AND ${t.pending_actions} = 0)`,
    ),
    check(
      'incidents_state',
      sql`${t.state} IN ('open', 'contained', 'containment_failed', 'acknowledged', 'resolved')`,
    ),
    check(
      'incidents_severity',
      sql`(${t.severity}, ${t.severity_rank}) IN (('critical', 1), ('high', 2), ('medium', 3), ('low', 4))`,
    ),
    index('incidents_list').on(t.workspace_id, t.severity_rank, t.created_at.desc().nullsFirst(), t.id),
    index('incidents_state_class_list').on(
      t.workspace_id,
      t.state,
      t.class,
      t.severity_rank,
      t.created_at.desc().nullsFirst(),
      t.id,
    ),
    index('incidents_awaiting')
      .on(t.workspace_id, t.severity_rank, t.created_at.desc().nullsFirst(), t.id)
      .where(sql`state IN ('contained', 'containment_failed') OR (state = 'open' AND pending_actions > 0)`),
    index('incidents_recovery')
      .on(t.workspace_id, t.created_at, t.id)
      .where(sql`recovery_pending`),
    index('incidents_flood')
      .on(t.workspace_id, t.class, t.source, t.target_key, t.number.desc().nullsFirst())
      .where(sql`state <> 'resolved' AND (require_ack OR require_reattest)`),
    uniqueIndex('incidents_dedup')
      .on(t.workspace_id, t.actor, t.source, t.class, t.dedup_key)
      .where(sql`state <> 'resolved' AND dedup_key IS NOT NULL`),
  ],
);

/** Every acknowledgement of a ceremony; the incident shows the first one that counts. */
export const acknowledgements = pgTable(
  'acknowledgements',
  {
    workspace_id: text().notNull(),
    incident_id: text().notNull(),
    decision_id: text().notNull(),
    operator: text().notNull(),
    binding: text().notNull(),
    note: text(),
    note_salt: text(),
    at: instant().notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.incident_id, t.decision_id] })],
);
