import { sql } from 'drizzle-orm';
import { boolean, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, bigint } from 'drizzle-orm/pg-core';
import { authorship, instant } from './columns.ts';

/** Nodes whose TPM is enrolled. Nodes belong to the instance, workspace `system`. */
export const attestationNodes = pgTable(
  'attestation_nodes',
  {
    workspace_id: text().notNull(),
    node: text().notNull(),
    state: text().$type<'enrolled' | 'retired'>().notNull(),
    ek_public: text().notNull(),
    ek_certificate: text(),
    ek_trust: text().$type<'hardware' | 'simulated'>().notNull(),
    ak_public: text().notNull(),
    ak_name: text().notNull(),
    enrolled_at: instant().notNull(),
    retired_at: instant(),
    replaced_by: text(),
    counters: jsonb().$type<{ clock: string; reset_count: number; restart_count: number; safe: boolean } | null>(),
    reboot_pending: boolean().notNull(),
    missed_quotes: integer().notNull(),
    last_passed: boolean(),
    last_result_at: instant(),
    last_pass_at: instant(),
    version: integer().notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.node] })],
);

/** Signed, versioned reference values per node; the highest version is in force. */
export const referenceValues = pgTable(
  'reference_values',
  {
    workspace_id: text().notNull(),
    node: text().notNull(),
    version: integer().notNull(),
    envelope: text().notNull(),
    digest: text().notNull(),
    /** Which PCRs the version names; what to ask a quote for, the envelope decides what it is worth. */
    pcrs: jsonb().$type<number[]>().notNull(),
    reason: text().notNull(),
    ticket: text(),
    created_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.node, t.version] })],
);

/** Single-use nonces. A challenge may serve the incidents it was written for, as they were then. */
export const challenges = pgTable(
  'challenges',
  {
    workspace_id: text().notNull(),
    challenge_id: text().notNull(),
    node: text().notNull(),
    nonce: text().notNull(),
    /** Of an enrolment: the digest that a proof of the activated credential must have. */
    expected: text(),
    purpose: text().$type<'reattest' | 'watch' | 'enrol'>().notNull(),
    incidents: jsonb()
      .$type<
        { workspace_id: string; incident_id: string; binding: string; occurrences: number; settlements: number }[]
      >()
      .notNull(),
    created_at: instant().notNull(),
    expires_at: instant().notNull(),
    used_at: instant(),
    /** What the node had shown when it was written: an answer shows no less, whatever else has been recorded meanwhile. */
    counters: jsonb().$type<{ clock: string; reset_count: number; restart_count: number; safe: boolean } | null>(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.challenge_id] }),
    uniqueIndex('challenges_nonce').on(t.nonce),
    // Watches write most challenges; a ceremony's are few among them.
    index('challenges_reattest')
      .on(t.workspace_id, t.created_at, t.challenge_id)
      .where(sql`purpose = 'reattest'`),
  ],
);

/** Every appraisal with the evidence it judged. */
export const attestationResults = pgTable(
  'attestation_results',
  {
    workspace_id: text().notNull(),
    result_id: bigint({ mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
    node: text().notNull(),
    challenge_id: text().notNull(),
    passed: boolean().notNull(),
    simulated: boolean().notNull(),
    claims: text().notNull(),
    evidence: text().notNull(),
    reference_version: integer().notNull(),
    at: instant().notNull(),
    ...authorship(),
  },
  (t) => [
    index('attestation_results_node').on(t.workspace_id, t.node, t.result_id.desc().nullsFirst()),
    uniqueIndex('attestation_results_challenge').on(t.workspace_id, t.challenge_id),
  ],
);

/** Signed, versioned baselines of protected files; the highest version is in force. */
export const integrityBaselines = pgTable(
  'integrity_baselines',
  {
    workspace_id: text().notNull(),
    baseline: text().notNull(),
    version: integer().notNull(),
    envelope: text().notNull(),
    digest: text().notNull(),
    reason: text().notNull(),
    ticket: text(),
    created_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.baseline, t.version] })],
);

/** Every integrity check with what differed. */
export const integrityResults = pgTable(
  'integrity_results',
  {
    workspace_id: text().notNull(),
    result_id: bigint({ mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
    baseline: text().notNull(),
    baseline_version: integer().notNull(),
    passed: boolean().notNull(),
    differences: text().notNull(),
    total_differences: integer().notNull(),
    /** Of all observed files: an approval names it as what was reviewed. */
    observed_digest: text(),
    at: instant().notNull(),
    ...authorship(),
  },
  (t) => [index('integrity_results_baseline').on(t.workspace_id, t.baseline, t.result_id.desc().nullsFirst())],
);

/** Where a baseline's files are, and whether somebody has looked at them since the last start. */
export const integrityStandings = pgTable(
  'integrity_standings',
  {
    workspace_id: text().notNull(),
    baseline: text().notNull(),
    /** The host whose attester observes the files. */
    node: text().notNull(),
    missed_checks: integer().notNull(),
    check_pending: boolean().notNull(),
    version: integer().notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.baseline] })],
);
