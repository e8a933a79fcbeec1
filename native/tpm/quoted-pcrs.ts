import { hash } from 'node:crypto';

import type { PcrValue } from './types.ts';

const digestSize = 32;

/**
 * Finds the PCR values behind a quote. The last field of a quote's TPMS_ATTEST is the TPM2B `pcrDigest`, under our AK
 * the SHA-256 over the selected PCRs in ascending order (TPM 2.0 Library, Part 2, TPMS_QUOTE_INFO): values that hash to
 * it are the quoted ones, so what was read for the quote before usually serves again.
 */
export class QuotedPcrs {
  readonly #read: (bank: number, indices: readonly number[]) => Promise<PcrValue[]>;
  #last: { selection: string; values: PcrValue[] } | null = null;

  constructor(read: (bank: number, indices: readonly number[]) => Promise<PcrValue[]>) {
    this.#read = read;
  }

  /** Null when the PCRs have changed since the quote. `indices` ascend. */
  async find(attest: Buffer, bank: number, indices: readonly number[]): Promise<PcrValue[] | null> {
    if (indices.length === 0) return [];
    const selection = `${bank}:${indices.join()}`;
    if (this.#last?.selection === selection && hashesTo(attest, this.#last.values)) return copy(this.#last.values);
    const values = await this.#read(bank, indices);
    if (!hashesTo(attest, values)) return null;
    this.#last = { selection, values };
    return copy(values);
  }
}

function hashesTo(attest: Buffer, values: readonly PcrValue[]): boolean {
  const digest = hash('sha256', Buffer.concat(values.map((value) => value.digest)), 'buffer');
  return attest.subarray(-digestSize).equals(digest);
}

function copy(values: readonly PcrValue[]): PcrValue[] {
  return values.map(({ index, digest }) => ({ index, digest: Buffer.from(digest) }));
}
