import type { AttesterActivities, CollectedEvidence, ObservedFile } from './types.ts';

/** What the TPM answers to a challenge, as `native/tpm` gives it. */
export interface TpmQuote {
  attest: Uint8Array;
  signature: Uint8Array;
  pcrs: readonly { index: number; digest: Uint8Array }[];
}

export interface AttesterDeps {
  node: string;
  /** Quotes PCRs of the sha256 bank with the node's attestation key. */
  quote: (nonce: Uint8Array, pcrs: readonly number[]) => Promise<TpmQuote>;
  /** Every file that the baseline of this name protects on this host. */
  observe: (baseline: string) => Promise<ObservedFile[]>;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The activities of the worker on a protected host: they return evidence and never a verdict. */
export function createAttesterActivities({ node, quote, observe }: AttesterDeps): AttesterActivities {
  return {
    collectEvidence: async ({ nonce, pcrs }): Promise<CollectedEvidence> => {
      const quoted = await quote(Buffer.from(nonce, 'hex'), pcrs);
      return {
        node,
        attest: hex(quoted.attest),
        signature: hex(quoted.signature),
        pcrs: quoted.pcrs.map(({ index, digest }) => ({ index, digest: hex(digest) })),
      };
    },
    observeFiles: observe,
  };
}
