import { randomBytes } from 'node:crypto';
import { credentialProof } from '../../domain/attestation/credential-proof.ts';
import {
  ENROLMENT_PCRS,
  expectedProof,
  isAttestationKey,
  keyDescriptionSchema,
} from '../../domain/attestation/enrolment.ts';
import type { EkTrust, KeyDescription } from '../../domain/attestation/enrolment.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import type { Caller } from './caller.ts';
import { writeChallenge } from './challenges.ts';
import type { OpenedChallenge } from './challenges.ts';
import { enrolledNode } from './enrol.ts';
import { refuseEnrolment } from './enrolment-refusal.ts';
import type { RefusedEnrolment } from './enrolment-refusal.ts';
import { mayReplace } from './replace-node.ts';

/** What the X.509 path of an EK certificate makes its EK worth. `reason` is a few words for the ledger. */
export type EkVerdict =
  | { ok: true; ek_trust: EkTrust; root: string }
  | { ok: false; code: 'ek_untrusted' | 'ek_mismatch' | 'keys_invalid'; reason: string };

/** What the record cannot do itself: X.509 and TPM2_MakeCredential. */
export interface EnrolmentVerifier {
  /** `now` is RFC 3339. */
  judgeEk(keys: KeyDescription, now: string): EkVerdict;
  /** Hides the secret for the TPM that holds both keys; lowercase hex. */
  makeCredential(keys: KeyDescription, secret: Uint8Array): Credential;
}

export interface Credential {
  /** TPM2B_ID_OBJECT */
  credential_blob: string;
  /** TPM2B_ENCRYPTED_SECRET */
  encrypted_secret: string;
}

/** Without a challenge the node is already on record with this key. */
export type OpenedEnrolment =
  | { ok: true; challenge: OpenedChallenge; credential: Credential; ek_trust: EkTrust }
  | { ok: true; challenge: null }
  | RefusedEnrolment;

/**
 * Judges a host's keys and writes the challenge they have to answer: a quote, and the proof of a credential that only
 * the TPM with that EK opens while it holds that AK. The secret leaves this function in the credential only. Refused
 * with `keys_invalid`, `ek_mismatch`, `ek_untrusted`, `node_exists`. `replace` takes another key where the word of two
 * people for it is on record; then the same key is refused with `node_unchanged`.
 */
export async function openEnrolment(
  db: Database,
  by: Caller,
  described: { node: string; replace?: boolean } & Record<string, unknown>,
  verifier: EnrolmentVerifier,
): Promise<OpenedEnrolment> {
  const { node, replace = false, ...rest } = described;
  return transaction(db, async (tx) => {
    const parsed = keyDescriptionSchema.safeParse(rest);
    if (!parsed.success || !isAttestationKey(parsed.data, sha256)) return refuseEnrolment(tx, by, node, 'keys_invalid');
    const keys = parsed.data;
    const known = await enrolledNode(tx, node);
    const granted = replace && (await mayReplace(tx, node));
    if (known?.state === 'enrolled' && known.ak_name === keys.ak_name)
      return granted ? refuseEnrolment(tx, by, node, 'node_unchanged') : { ok: true, challenge: null };
    if (known !== undefined && !granted) return refuseEnrolment(tx, by, node, 'node_exists');
    const clock = await one<{ now: string }>(tx, 'SELECT clock_timestamp() AS now');
    const verdict = verifier.judgeEk(keys, clock?.now ?? '');
    if (!verdict.ok) return refuseEnrolment(tx, by, node, verdict.code, { reason: verdict.reason });

    const secret = randomBytes(32);
    const enrolment = { ...keys, node, ek_trust: verdict.ek_trust };
    const expect = (id: string) => expectedProof(credentialProof(secret, id, keys.ak_name), enrolment, sha256);
    const challenge = await writeChallenge(tx, by, node, 'enrol', [], expect);
    const credential = verifier.makeCredential(keys, secret);
    secret.fill(0);
    return { ok: true, challenge: { ...challenge, pcrs: [...ENROLMENT_PCRS] }, credential, ek_trust: verdict.ek_trust };
  });
}
