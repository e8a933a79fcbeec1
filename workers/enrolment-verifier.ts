import { judgeEkPath } from '../activities/enrolment/ek-path.ts';
import type { EkRoot } from '../activities/enrolment/ek-path.ts';
import { loadEkRootsFile } from '../config/ek-roots-file.ts';
import type { EkVerdict, EnrolmentVerifier } from '../db/command/open-enrolment.ts';
import type { Environment } from '../domain/attestation/appraise.ts';
import { acceptsRoot } from '../domain/attestation/enrolment.ts';
import type { KeyDescription } from '../domain/attestation/enrolment.ts';
import { ekPublicKey, makeCredential, TpmError } from '../native/tpm/index.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** X.509 and TPM2_MakeCredential for enrolments. The file is read each time: a root may be added while the worker runs. */
export function enrolmentVerifier(environment: Environment, ekRootsFile: string | undefined): EnrolmentVerifier {
  const roots = () => (ekRootsFile === undefined ? [] : loadEkRootsFile(ekRootsFile));
  return {
    judgeEk: (keys, now) => judgeEk(keys, now, environment, roots()),
    makeCredential: (keys, secret) => {
      const objectName = bytes(keys.ak_name);
      const credential = makeCredential({ ekPublic: bytes(keys.ek_public), objectName, secret });
      return {
        credential_blob: credential.credentialBlob.toString('hex'),
        encrypted_secret: credential.encryptedSecret.toString('hex'),
      };
    },
  };
}

function judgeEk(keys: KeyDescription, now: string, environment: Environment, roots: readonly EkRoot[]): EkVerdict {
  try {
    const certificate = keys.ek_certificate === null ? null : bytes(keys.ek_certificate);
    const path = judgeEkPath(certificate, ekPublicKey(bytes(keys.ek_public)), roots, now);
    if (!path.ok) return path;
    if (acceptsRoot(path.trust, environment)) return { ok: true, ek_trust: path.trust, root: path.root };
    return { ok: false, code: 'ek_untrusted', reason: `the root ${path.root} is simulated` };
  } catch (error) {
    if (error instanceof TpmError) return { ok: false, code: 'keys_invalid', reason: 'the EK is of no known kind' };
    throw error;
  }
}
