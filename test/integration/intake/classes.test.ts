import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../db/client.ts';
import { rows } from '../../../db/client.ts';
import { recordReports } from '../../../db/command/intake.ts';
import type { IncidentClass } from '../../../domain/containment/types.ts';
import { openRecord, requestOf } from '../../support/record.ts';

let db: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await openRecord());
});
afterAll(() => close?.());

const SUBJECT = 'agent:7';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const [FROZEN, AIRLOCK, VAULT, MODEL] = [`agent ${SUBJECT}`, 'airlock *', 'vault *', `model ${DIGEST}`];

interface Expected {
  cls: IncidentClass;
  severity: string;
  state: 'contained' | 'open';
  holds: string[];
  alerts: number;
  /** Whether an operator's review has to come before its end, and a new attestation. */
  ack: boolean;
  reattest: boolean;
}

const LOCKDOWN = { severity: 'critical', state: 'contained', holds: [FROZEN, AIRLOCK, VAULT], alerts: 0 } as const;
const CEREMONY = { ack: true, reattest: true };
const PLAIN = { ack: false, reattest: false };

const table: [string, Expected][] = [
  [
    'S4-02 S4-12 attestation_failure',
    { cls: 'attestation_failure', ...LOCKDOWN, holds: [...LOCKDOWN.holds], ...CEREMONY },
  ],
  [
    'S4-03 S4-12 integrity_violation',
    { cls: 'integrity_violation', ...LOCKDOWN, holds: [...LOCKDOWN.holds], ...CEREMONY },
  ],
  [
    'S4-04 S4-12 unauthorized_access',
    {
      cls: 'unauthorized_access',
      severity: 'critical',
      state: 'contained',
      holds: [FROZEN, VAULT],
      alerts: 1,
      ...CEREMONY,
    },
  ],
  [
    'S4-05 S4-12 manifest_mismatch',
    {
      cls: 'manifest_mismatch',
      severity: 'high',
      state: 'contained',
      holds: [FROZEN, MODEL],
      alerts: 0,
      ack: true,
      reattest: false,
    },
  ],
  [
    'S4-06 policy_bypass_attempt',
    { cls: 'policy_bypass_attempt', severity: 'high', state: 'contained', holds: [FROZEN], alerts: 1, ...PLAIN },
  ],
  [
    'S4-07 prompt_injection',
    { cls: 'prompt_injection', severity: 'high', state: 'contained', holds: [FROZEN], alerts: 1, ...PLAIN },
  ],
  [
    'S4-08 tool_call_burst',
    { cls: 'tool_call_burst', severity: 'medium', state: 'contained', holds: [FROZEN], alerts: 0, ...PLAIN },
  ],
  [
    'S4-09 model_behavior_anomaly',
    { cls: 'model_behavior_anomaly', severity: 'high', state: 'contained', holds: [MODEL], alerts: 1, ...PLAIN },
  ],
  [
    'S4-10 forbidden_airlock_request',
    { cls: 'forbidden_airlock_request', severity: 'medium', state: 'open', holds: [], alerts: 1, ...PLAIN },
  ],
];

it.each(table)('%s has its severity, its holds and what its recovery asks', async (_name, expected) => {
  const workspace_id = `w-${crypto.randomUUID()}`;
  const evidence = { subject: SUBJECT, model_digest: DIGEST };
  const [reply] = await recordReports(db, [requestOf(expected.cls, { evidence }, { workspace_id })]);
  if (reply?.ok !== true) throw new Error('the report was refused');
  const { severity, state, require_ack, require_reattest } = reply.incident;
  const held = await rows<{ hold: string }>(
    db,
    `SELECT gate || ' ' || target AS hold FROM holds WHERE workspace_id = $1 AND released_at IS NULL ORDER BY 1`,
    [workspace_id],
  );
  const alerts = await rows(db, `SELECT kind FROM notifications WHERE workspace_id = $1 AND kind = 'alert'`, [
    workspace_id,
  ]);
  expect({
    cls: expected.cls,
    severity,
    state,
    holds: held.map(({ hold }) => hold),
    alerts: alerts.length,
    ack: require_ack,
    reattest: require_reattest,
  }).toEqual(expected);
});
