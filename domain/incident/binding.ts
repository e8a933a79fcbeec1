// An acknowledgement is bound to the containment it was given for: another severity or action, and it no longer counts.
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import type { Incident } from './types.ts';

type Bound = Pick<Incident, 'id' | 'severity' | 'policy_digest' | 'actions'>;

/** Hex SHA-256 of the canonical JSON of {incident, severity, policy_digest, actions:[{action, target}]}. */
export function containmentBinding(incident: Bound, sha256: Sha256): string {
  return hashCanonical(
    {
      incident: incident.id,
      severity: incident.severity,
      policy_digest: incident.policy_digest,
      actions: incident.actions.map(({ action, target }) => ({ action, target })),
    },
    sha256,
  );
}
