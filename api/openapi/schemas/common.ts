import { z } from 'zod';
import { ACTIONS, CLASSES, GATES, SEVERITIES } from '../../../domain/containment/types.ts';
import { INCIDENT_STATES } from '../../../domain/incident/types.ts';
import { PROBLEMS } from '../../../domain/problem/codes.ts';
import type { ProblemCode } from '../../../domain/problem/codes.ts';
import { named } from '../registry.ts';

export const instant = named('Instant', z.iso.datetime().describe('RFC 3339, UTC, milliseconds'));
/** Absent times are empty where the contract says so. */
export const instantOrEmpty = z.union([instant, z.literal('')]);
export const digest = named(
  'Sha256',
  z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('SHA-256, lower-case hex'),
);

export const incidentId = named('IncidentId', z.string().regex(/^INC-\d{8}-\d{6}-\d{4,15}$/));
export const incidentClass = named('IncidentClass', z.enum(CLASSES));
export const severity = named('Severity', z.enum(SEVERITIES));
export const incidentState = named('IncidentState', z.enum(INCIDENT_STATES));
export const action = named('Action', z.enum(ACTIONS));
export const gateName = named('Gate', z.enum(GATES));
export const count = z.int().min(0);
export const text = (max: number): z.ZodString => z.string().min(1).max(max);

const codes = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];

export const problemSchema = named(
  'Problem',
  z
    .object({
      type: z.string(),
      title: z.string(),
      status: z.int().min(400).max(599),
      detail: z.string().optional(),
      error: z.string().describe('a sentence'),
      code: z.enum(codes).describe('a word'),
      fields: z
        .array(z.object({ path: z.string(), code: z.string() }))
        .optional()
        .describe('every field that is wrong, and what is wrong with it'),
      missing: z.array(z.string()).optional().describe('what the latch still waits for: ack, reattest, containment'),
      claims: z.array(z.unknown()).optional().describe('the claims of an appraisal that failed'),
    })
    .describe('RFC 9457 problem details'),
);
