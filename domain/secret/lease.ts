// A lease ends by its time, or at once when its slot, its subject or the vault is revoked; it never comes back.

/** Seconds. A lease that nobody renews is short. */
export const LEASE_TTL = { least: 1, most: 86_400, usual: 900 } as const;

export const isTtl = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= LEASE_TTL.least && Number(value) <= LEASE_TTL.most;

/** Whoever acts: `session:…`, `agent:…`, `connector:…`. */
export const SUBJECT_BYTES = 256;

export const LEASE_STATES = ['active', 'expired', 'revoked'] as const;
export type LeaseState = (typeof LEASE_STATES)[number];

/** What ended a lease before its time. */
export const REVOKERS = ['slot', 'subject', 'vault'] as const;
export type Revoker = (typeof REVOKERS)[number];

/** What is found when a lease is judged, all of it in one statement. */
export interface LeaseFacts {
  vault_closed: boolean;
  slot_stands: boolean;
  subject_stands: boolean;
  vault_stands: boolean;
  in_time: boolean;
}

export function revokedBy({ slot_stands, subject_stands, vault_stands }: LeaseFacts): Revoker | null {
  if (!slot_stands) return 'slot';
  if (!subject_stands) return 'subject';
  return vault_stands ? null : 'vault';
}

export const leaseState = (facts: LeaseFacts): LeaseState =>
  revokedBy(facts) !== null ? 'revoked' : facts.in_time ? 'active' : 'expired';

export type LeaseRefusal = 'vault_closed' | 'lease_revoked' | 'lease_expired';

/** Why a lease may not be used now, or null. A closed vault is said first: it is what its holder can ask about. */
export function leaseRefusal(facts: LeaseFacts): LeaseRefusal | null {
  if (facts.vault_closed) return 'vault_closed';
  if (revokedBy(facts) !== null) return 'lease_revoked';
  return facts.in_time ? null : 'lease_expired';
}
