// A pipeline's token requests and reports; people decide. What it may do is listed here, and what is not listed is refused.
import type { Permission, Role } from './roles.ts';

/** The roles that a pipeline may be given: none of them approves. */
export const REQUESTER_ROLES = ['viewer', 'reporter', 'operator'] as const satisfies Role[];

/**
 * What its role permits a pipeline as well. Everything that settles an incident, acknowledges a recovery or counts as one
 * of two people is absent: two branches of one repository have two names, and would be two people.
 */
const REQUESTS: readonly Permission[] = [
  'status.read',
  'incident.read',
  'gates.check',
  'adapter.read',
  'adapter.test',
  'adapter.lost',
  'incident.report',
  'recovery.reattest',
  'registry.read',
  'export.read',
  'export.request',
  'export.cancel',
  'registry.put',
  'integrity.check',
  'rotation.read',
];

/**
 * What only people do, whatever a pipeline's role is. Reading is among it where it shows where credentials are, who holds
 * them, what was written about an incident or how the instance is built.
 */
export const PEOPLE_ONLY: readonly Permission[] = [
  'incident.acknowledge',
  'incident.resolve',
  'incident.checklist',
  'recovery.ack',
  'model.release',
  'adapter.put',
  'adapter.run_command',
  'adapter.restart',
  'adapter.retire',
  'hooks.read',
  'hooks.apply',
  'delivery.read',
  'delivery.retry',
  'attestation.enroll',
  'attestation.approve_reference',
  'attestation.retire',
  'integrity.approve_baseline',
  'rotation.start',
  'rotation.abandon',
  'secret.read',
  'secret.set',
  'lease.issue',
  'lease.revoke',
  'lease.use',
  'history.decode',
  'restore.promote',
  'registry.publish',
<<<<<<< HEAD
  'export.approve',
  'export.reject',
  'registry.restore',
=======
  'registry.restore',
  'export.approve',
  'export.reject',
>>>>>>> w-s3
  'registry.verify',
  'waiver.read',
  'waiver.grant',
  'waiver.revoke',
  'override.read',
  'override.open',
  'override.clear',
  'override.review',
  'runtime.read',
  'runtime.tighten',
  'runtime.loosen',
  'debug.read',
  'debug.prune',
  'forensic.export',
  'evidence.read',
  'evidence.collect',
  'ledger.read',
  'doctor.run',
  'upstream.read',
  'upstream.check',
  'upstream.account',
  'key.read',
  'key.register',
  'key.register_other',
  'key.revoke',
  'key.revoke_other',
  'policy.reload',
  'token.read',
  'token.issue',
  'token.disable',
];

/** Whether `action` only asks for something. */
export const isRequest = (action: Permission): boolean => REQUESTS.includes(action);
