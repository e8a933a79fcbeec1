import type { Column } from './output/table.ts';

/** What the API says of a lease. */
export interface LeaseAnswer {
  lease_id: string;
  slot: string;
  subject: string;
  state: string;
  revoked_by?: string;
  issued_at: string;
  issued_by: string;
  renewed_at: string | null;
  not_after: string;
}

export interface RevokedAnswer {
  status: string;
  slot?: string;
  subject?: string;
  leases_revoked: number;
  revoked_at: string;
}

export const LEASE_COLUMNS: Column<LeaseAnswer>[] = [
  { head: 'LEASE', cell: (l) => l.lease_id },
  { head: 'SLOT', cell: (l) => l.slot },
  { head: 'STATE', cell: (l) => (l.revoked_by === undefined ? l.state : `${l.state} (${l.revoked_by})`) },
  { head: 'ISSUED', cell: (l) => l.issued_at },
  { head: 'ENDS', cell: (l) => l.not_after },
];

export const leasePath = (id: string, action = ''): string => `/v1/leases/${encodeURIComponent(id)}${action}`;
export const subjectPath = (subject: string, action: string): string =>
  `/v1/subjects/${encodeURIComponent(subject)}/${action}`;

export const revokedFacts = ({ status, slot, subject, leases_revoked, revoked_at }: RevokedAnswer) => [
  ['status', status] as const,
  ...(slot === undefined ? [] : [['slot', slot] as const]),
  ...(subject === undefined ? [] : [['subject', subject] as const]),
  ['leases_revoked', leases_revoked] as const,
  ['revoked_at', revoked_at] as const,
];
