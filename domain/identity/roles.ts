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

/** Who sees which secrets there are and who holds leases; nobody's role shows a value. */
const VAULT_READERS = [...RESPONDERS, 'auditor', 'org_admin'] as const satisfies Role[];

const PERMITTED = {
  'status.read': READERS,
  'incident.read': READERS,
  'gates.check': READERS,
  'adapter.read': READERS,
  'incident.report': ['reporter', ...RESPONDERS],
  'incident.acknowledge': RESPONDERS,
  'incident.resolve': RESPONDERS,
  'incident.checklist': RESPONDERS,
  'recovery.ack': RESPONDERS,
  'recovery.reattest': RESPONDERS,
  'model.release': RESPONDERS,
  'adapter.test': [...RESPONDERS, 'org_admin'],
  'adapter.lost': ['reporter', ...RESPONDERS],
  'adapter.put': ['security_owner', 'org_admin'],
  'adapter.retire': ['security_owner'],
  'attestation.enroll': ['security_owner'],
  'attestation.approve_reference': ['security_owner'],
  'attestation.retire': ['security_owner'],
  'integrity.check': RESPONDERS,
  'integrity.approve_baseline': ['security_owner'],
  'rotation.read': READERS,
  'rotation.start': ['security_owner', 'org_admin'],
  'rotation.abandon': ['security_owner'],
  'secret.read': VAULT_READERS,
  'secret.set': ['security_owner', 'org_admin'],
  'lease.issue': [...RESPONDERS, 'org_admin'],
  'lease.revoke': RESPONDERS,
  // The secret of the lease decides; a role adds nothing to it.
  'lease.use': ROLES,
  'runtime.read': READERS,
  'runtime.tighten': RESPONDERS,
  // Back to `ask`, and opening a capture window.
  'runtime.loosen': ['security_owner', 'incident_commander'],
  'debug.read': ['security_owner', 'auditor'],
  'debug.prune': ['security_owner'],
  'history.decode': [...RESPONDERS, 'auditor'],
  'restore.promote': ['security_owner'],
  'forensic.export': ['security_owner'],
  'evidence.read': ['auditor', ...RESPONDERS],
  'evidence.collect': ['auditor', ...RESPONDERS],
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
