// Who may do what is this one table; a caller without a role for an action is refused, an action without a row does not exist.

export const ROLES = [
  'viewer',
  'reporter',
  'operator',
  'approver',
  'safety_reviewer',
  'security_owner',
  'incident_commander',
  'project_owner',
  'auditor',
  'org_admin',
] as const;
export type Role = (typeof ROLES)[number];

/** Whoever works here sees the state; a reporter's token only reports. */
const READERS = [
  'viewer',
  'operator',
  'approver',
  'safety_reviewer',
  'security_owner',
  'incident_commander',
  'project_owner',
  'auditor',
  'org_admin',
] as const satisfies Role[];

/** Who handles an incident. */
const RESPONDERS = ['operator', 'security_owner', 'incident_commander'] as const satisfies Role[];

const PERMITTED = {
  'status.read': READERS,
  'incident.read': READERS,
  'gates.check': READERS,
  'adapter.read': READERS,
  'incident.report': ['reporter', ...RESPONDERS],
  'incident.acknowledge': RESPONDERS,
  'incident.resolve': RESPONDERS,
  'recovery.ack': RESPONDERS,
  'recovery.reattest': RESPONDERS,
  'model.release': RESPONDERS,
  'adapter.test': [...RESPONDERS, 'org_admin'],
  'adapter.lost': ['reporter', ...RESPONDERS],
  'adapter.put': ['security_owner', 'org_admin'],
  'adapter.run_command': ['security_owner'],
  'adapter.restart': [...RESPONDERS, 'org_admin'],
  'adapter.retire': ['security_owner'],
  'hooks.read': READERS,
  'hooks.apply': ['security_owner'],
  'delivery.read': READERS,
  'delivery.retry': RESPONDERS,
  'attestation.enroll': ['security_owner'],
  'attestation.approve_reference': ['security_owner'],
  'attestation.retire': ['security_owner'],
  'integrity.check': RESPONDERS,
  'integrity.approve_baseline': ['security_owner'],
  'restore.promote': ['security_owner'],
  'forensic.export': ['security_owner'],
  'ledger.read': ['auditor'],
  'policy.reload': ['org_admin'],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof PERMITTED;

export const PERMISSIONS = Object.keys(PERMITTED) as Permission[];

/** Whether one of the caller's proven roles may do `action`. */
export function may(roles: readonly Role[], action: Permission): boolean {
  const permitted: readonly Role[] = PERMITTED[action];
  return roles.some((role) => permitted.includes(role));
}

export const rolesFor = (action: Permission): readonly Role[] => PERMITTED[action];
export const isRole = (value: unknown): value is Role => ROLES.includes(value as Role);
