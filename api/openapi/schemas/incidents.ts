import { z } from 'zod';
import { SET_LIMIT } from '../../../db/command/decide-set.ts';
import { EVIDENCE_LIMITS } from '../../../domain/report/evidence.ts';
import { REPORT_LIMITS } from '../../../domain/report/report.ts';
import { named } from '../registry.ts';
import { action, count, digest, incidentClass, incidentId, incidentState, instant, severity, text } from './common.ts';

const evidence = z.record(z.string(), z.unknown());

export const report = named(
  'IncidentReport',
  z.strictObject({
    class: incidentClass,
    source: text(REPORT_LIMITS.source),
    description: text(REPORT_LIMITS.description),
    severity: severity.optional().describe('above the default of the class'),
    evidence: evidence
      .optional()
      .describe(
        `at most ${EVIDENCE_LIMITS.entries} entries, nested at most ${EVIDENCE_LIMITS.depth} deep; subject, model_digest, model_path, tool and node name targets`,
      ),
    dedup_key: text(REPORT_LIMITS.dedup_key)
      .optional()
      .describe(
        'folds repeats into the incident that is open; a target that it does not hold yet is added to its containment',
      ),
  }),
);

export const incident = named(
  'Incident',
  z.object({
    id: incidentId,
    created_at: instant,
    class: incidentClass,
    severity,
    state: incidentState,
    source: z.string(),
    description: z.string(),
    evidence,
    containment_actions: z.array(action),
    containment_targets: z
      .array(z.object({ action, target: z.string() }))
      .optional()
      .describe('where reports folded into the incident named further targets: everything that it holds'),
    containment_results: z.array(
      z.object({
        action,
        target: z.string().optional().describe('beside containment_targets'),
        success: z.boolean(),
        error: z.string().optional(),
        completed_at: instant,
      }),
    ),
    acked_at: instant.optional(),
    acked_by: z.string().optional(),
    re_attested_at: instant.optional(),
    resolved_at: instant.optional(),
    resolved_by: z.string().optional(),
    triaged_at: instant.optional(),
    triaged_by: z.string().optional(),
    occurrences: z.int().min(2).optional(),
    folded_by: z.string().optional(),
    marks: z.array(z.string()).optional(),
    policy_digest: digest,
    hash: digest.describe('SHA-256 of the canonical record without hash and ledger_index'),
    ledger_index: count.optional(),
  }),
);

export const incidentList = named('IncidentList', z.array(incident));

export const incidentRef = named('IncidentRef', z.strictObject({ id: text(64) }));

export const setRequest = named(
  'SetDecision',
  z.strictObject({
    class: incidentClass,
    source: text(1024).optional(),
    created_before: z.iso.datetime({ offset: true }),
    expected_count: z.int().min(0).max(SET_LIMIT).describe('with another number of incidents nothing is decided'),
    operator: text(256),
  }),
);

export const setAnswer = named(
  'SetDecided',
  z.object({
    changed: count,
    refused: z
      .array(z.object({ incident_id: incidentId, code: z.string(), missing: z.array(z.string()).optional() }))
      .optional()
      .describe('the incidents that their own row did not let change'),
  }),
);

export const stats = named(
  'Stats',
  z.object({
    total_incidents: count,
    open_incidents: count,
    contained_count: count.describe('incidents that were contained, ever'),
    resolved_count: count,
    by_class: z.partialRecord(incidentClass, count),
    open_by_severity: z.partialRecord(severity, count),
  }),
);
