// Who may do what is this one table; a caller without a role for an action is refused, an action without a row does not exist.
import { APPROVER_ROLES } from '../export/quorum.ts';

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

/** Who brings things into the registry. */
const PUBLISHERS = ['operator', 'project_owner', 'security_owner', 'org_admin'] as const satisfies Role[];

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
  'adapter.run_command': ['security_owner'],
  'adapter.restart': [...RESPONDERS, 'org_admin'],
  'adapter.retire': ['security_owner'],
  'hooks.read': READERS,
  'hooks.apply': ['security_owner'],
  'delivery.read': READERS,
  'delivery.retry': RESPONDERS,
  'export.read': READERS,
  'export.request': ['operator'],
  // Which of them count, and how many, is the quorum's.
  'export.approve': APPROVER_ROLES,
  'export.reject': APPROVER_ROLES,
  // An operator only what they asked for themselves.
  'export.cancel': ['operator', 'project_owner', 'org_admin'],
  'registry.read': READERS,
  'registry.put': PUBLISHERS,
  'registry.publish': PUBLISHERS,
  'registry.restore': PUBLISHERS,
  'registry.verify': [...RESPONDERS, 'project_owner', 'auditor', 'org_admin'],
  'waiver.read': READERS,
  'waiver.grant': ['safety_reviewer', 'security_owner'],
  'waiver.revoke': ['safety_reviewer', 'security_owner', 'incident_commander'],
  'override.read': READERS,
  'override.open': ['security_owner', 'incident_commander'],
  'override.clear': ['security_owner', 'incident_commander'],
  // By another person than the one who opened it.
  'override.review': ['security_owner', 'incident_commander', 'org_admin'],
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
  'doctor.run': READERS,
  'upstream.read': READERS,
  'upstream.check': [...RESPONDERS, 'org_admin'],
  'upstream.account': ['security_owner', 'org_admin'],
  'key.read': READERS,
  'key.register': READERS,
  'key.register_other': ['org_admin'],
  'key.revoke': READERS,
  'key.revoke_other': ['security_owner', 'org_admin'],
  'policy.reload': ['org_admin'],
  'token.read': ['security_owner', 'org_admin', 'auditor'],
  'token.issue': ['security_owner', 'org_admin'],
  'token.disable': ['security_owner', 'org_admin', 'incident_commander'],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof PERMITTED;

export const PERMISSIONS = Object.keys(PERMITTED) as Permission[];

/** Whether one of the caller's proven roles may do `action`. */
export function may(roles: readonly Role[], action: Permission): boolean {
  const permitted: readonly Role[] = PERMITTED[action];
  return roles.some((role) => permitted.includes(role));
}

/**
 * The roles that nobody gives over the network, not even to themselves: they are the two people of what takes two, and
 * whoever holds one of their tokens could make the second. They are issued on the host, with the database's own credentials.
 */
export const HOST_ISSUED = ['security_owner', 'org_admin'] as const satisfies Role[];

/** Whether `role` may be issued over the network. */
export const isIssuable = (role: Role): boolean => !(HOST_ISSUED as readonly Role[]).includes(role);

export const rolesFor = (action: Permission): readonly Role[] => PERMITTED[action];
export const isRole = (value: unknown): value is Role => ROLES.includes(value as Role);
