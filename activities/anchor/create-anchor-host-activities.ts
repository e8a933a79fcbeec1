import type { AnchorHostActivities } from './types.ts';

/** The TPM of the host, as far as an anchor needs it. */
export interface AnchorTpm {
  counter(): Promise<bigint>;
  /** The counter afterwards, and a quote of `digest` where it is the successor of `before`. */
  anchor(
    before: bigint,
    digest: Uint8Array,
  ): Promise<{ counter: bigint; quote: { attest: Uint8Array; signature: Uint8Array } | null }>;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The host's side of an anchor. */
export function createAnchorHostActivities(node: string, tpm: AnchorTpm): AnchorHostActivities {
  return {
    readAnchorCounter: async () => ({ counter: (await tpm.counter()).toString() }),
    anchorCheckpoint: async ({ counter_before, digest }) => {
      const { counter, quote } = await tpm.anchor(BigInt(counter_before), Buffer.from(digest, 'hex'));
      const quoted = quote && { node, attest: hex(quote.attest), signature: hex(quote.signature) };
      return { counter: counter.toString(), quote: quoted };
    },
  };
}
