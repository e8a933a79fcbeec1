// The words of containment are closed sets: what is not in them is refused, so a gate can't be missed by a spelling.

export const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const GATES = ['agent', 'airlock', 'vault', 'model', 'tool'] as const;
export type Gate = (typeof GATES)[number];

export const ACTIONS = [
  'freeze_agent',
  'disable_airlock',
  'force_vault_relock',
  'quarantine_model',
  'disable_tool',
  'log_alert',
] as const;
export type Action = (typeof ACTIONS)[number];

export const CLASSES = [
  'attestation_failure',
  'integrity_violation',
  'unauthorized_access',
  'manifest_mismatch',
  'policy_bypass_attempt',
  'prompt_injection',
  'tool_call_burst',
  'model_behavior_anomaly',
  'forbidden_airlock_request',
] as const;
export type IncidentClass = (typeof CLASSES)[number];

/** The gate an action closes; `log_alert` is an operator alert and closes none. */
export const ACTION_GATE: Readonly<Record<Action, Gate | null>> = {
  freeze_agent: 'agent',
  disable_airlock: 'airlock',
  force_vault_relock: 'vault',
  quarantine_model: 'model',
  disable_tool: 'tool',
  log_alert: null,
};

/** A hold on everything behind a gate. */
export const EVERYTHING = '*';

/** critical 1, high 2, medium 3, low 4: the order of lists and of Temporal's priority key. */
export const severityRank = (severity: Severity): number => SEVERITIES.indexOf(severity) + 1;

export const moreSevere = (a: Severity, b: Severity): Severity => (severityRank(a) <= severityRank(b) ? a : b);

export const isIncidentClass = (value: unknown): value is IncidentClass => CLASSES.includes(value as IncidentClass);
export const isSeverity = (value: unknown): value is Severity => SEVERITIES.includes(value as Severity);
