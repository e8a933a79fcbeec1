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
  'registry.put',
  'integrity.check',
];

/** Whether `action` only asks for something. */
export const isRequest = (action: Permission): boolean => REQUESTS.includes(action);
