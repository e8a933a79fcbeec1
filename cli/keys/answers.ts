import type { KeyRegistration } from '../../domain/signing/key-registration.ts';
import type { Output } from '../output/output.ts';

/** A registered key as the server answers it. */
export interface KeyAnswer {
  key_id: string;
  user: string;
  roles: string[];
  registered_at: string;
  registered_by: string;
  not_after: string | null;
  revoked_at: string | null;
  revoked_by: string | null;
}

/** What the key has to sign before it is registered. */
export interface ProofRequired {
  status: 'proof_required';
  payload_type: string;
  payload: string;
  registration: KeyRegistration;
}

export function keyTable(out: Output, keys: readonly KeyAnswer[]): void {
  out.table(
    keys,
    [
      { head: 'KEY', cell: (k) => k.key_id },
      { head: 'USER', cell: (k) => k.user },
      { head: 'ROLES', cell: (k) => k.roles.join(',') },
      { head: 'REGISTERED', cell: (k) => k.registered_at },
      { head: 'BY', cell: (k) => k.registered_by },
      { head: 'NOT_AFTER', cell: (k) => k.not_after },
      { head: 'REVOKED', cell: (k) => k.revoked_at },
    ],
    'no keys',
  );
}
