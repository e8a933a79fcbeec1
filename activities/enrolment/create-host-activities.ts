import { credentialProof } from '../../domain/attestation/credential-proof.ts';
import type { EnrolmentHostActivities } from './types.ts';

/** The TPM of the host, as `native/tpm` gives it. */
export interface EnrolmentTpm {
  /** Public areas are TPMT_PUBLIC; the certificate is DER. Makes the attestation key where there is none. */
  keys(): Promise<{
    ek: { public: Uint8Array };
    ekCertificate: Uint8Array | null;
    ak: { public: Uint8Array; name: Uint8Array };
  }>;
  /** The secret inside, and the Name of the key that it was opened beside. */
  activate(credential: { credentialBlob: Uint8Array; encryptedSecret: Uint8Array }): Promise<{
    secret: Uint8Array;
    akName: Uint8Array;
  }>;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Buffer => Buffer.from(text, 'hex');

/** The host's side of an enrolment. The secret of a credential stays in this process: what leaves is an HMAC with it. */
export function createHostActivities(tpm: EnrolmentTpm): EnrolmentHostActivities {
  return {
    describeKeys: async () => {
      const { ek, ekCertificate, ak } = await tpm.keys();
      return {
        ek_public: hex(ek.public),
        ek_certificate: ekCertificate && hex(ekCertificate),
        ak_public: hex(ak.public),
        ak_name: hex(ak.name),
      };
    },
    proveCredential: async ({ challenge_id, credential_blob, encrypted_secret }) => {
      const sealed = { credentialBlob: bytes(credential_blob), encryptedSecret: bytes(encrypted_secret) };
      const { secret, akName } = await tpm.activate(sealed);
      const proof = hex(credentialProof(secret, challenge_id, hex(akName)));
      secret.fill(0);
      return { proof };
    },
  };
}
