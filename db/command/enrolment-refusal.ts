import type { ChallengeRefusal } from '../../domain/attestation/challenge.ts';
import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';

/**
 * - `keys_invalid`: no keys, no attestation key, or not of that name.
 * - `ek_mismatch`: the EK certificate is of another key than the EK.
 * - `ek_untrusted`: no EK certificate, none that leads to a configured root, or to one that does not count here.
 * - `credential_failed`: the proof is not that of the credential, or not for these keys.
 * - `quote_failed`: the quote is not by the AK, not fresh, or not of the PCRs asked for.
 * - `node_exists`: another key is on record under this name, and no two people have let it be replaced.
 * - `node_unchanged`: the key is the one to be replaced.
 */
export type EnrolmentRefusal =
  | 'keys_invalid'
  | 'ek_mismatch'
  | 'ek_untrusted'
  | 'credential_failed'
  | 'quote_failed'
  | 'node_exists'
  | 'node_unchanged'
  | 'challenge_unknown'
  | ChallengeRefusal;

export interface RefusedEnrolment {
  ok: false;
  code: EnrolmentRefusal;
}

/** Records that a node was not enrolled and why. `detail` is a few words of ours, never of the host. */
export async function refuseEnrolment(
  tx: Queryable,
  by: Caller,
  node: string,
  code: EnrolmentRefusal,
  detail: Record<string, unknown> = {},
): Promise<RefusedEnrolment> {
  const clock = await one<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  await writeEntries(tx, [
    {
      workspace_id: INSTANCE,
      at: clock?.now ?? '',
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      action: 'enrolment_refused',
      object: `node/${node}`,
      record_hash: null,
      record_version: null,
      detail: { code, ...detail },
      policy_digest: null,
    },
  ]);
  return { ok: false, code };
}
