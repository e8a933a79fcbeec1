import type { AnchorHostActivities } from './types.ts';

/** The TPM of the host, as far as an anchor needs it. */
export interface AnchorTpm {
  counter(): Promise<bigint>;
  /** The counter afterwards, and where it is the successor of `before` a quote of `digest` and the counter as the TPM says it over that. */
  anchor(
    before: bigint,
    digest: Uint8Array,
  ): Promise<{ counter: bigint; quote: Attested | null; certified: Attested | null }>;
}

interface Attested {
  attest: Uint8Array;
  signature: Uint8Array;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The host's side of an anchor. */
export function createAnchorHostActivities(node: string, tpm: AnchorTpm): AnchorHostActivities {
  return {
    readAnchorCounter: async () => ({ counter: (await tpm.counter()).toString() }),
    anchorCheckpoint: async ({ counter_before, digest }) => {
      const { counter, quote, certified } = await tpm.anchor(BigInt(counter_before), Buffer.from(digest, 'hex'));
      const plain = (said: Attested | null) =>
        said && { node, attest: hex(said.attest), signature: hex(said.signature) };
      return { counter: counter.toString(), quote: plain(quote), certified: plain(certified) };
    },
  };
}
