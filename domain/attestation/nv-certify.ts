// A counter counts when the node's TPM says its value under its own key: that an NV index holds eight bytes is no word of the host.
import { concatBytes } from '@noble/hashes/utils.js';
import { toHex } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { AttestationError } from './error.ts';
import { NAME_SIZE, TPM_ALG_SHA256, TPM_ST_ATTEST_NV } from './tpm-constants.ts';
import { TpmReader } from './tpm-reader.ts';
import { readAttestHeader } from './tpms-attest.ts';
import type { AttestHeader } from './tpms-attest.ts';

/** The NV index of the log's counter: in the range that the TCG leaves to the owner's applications. */
export const ANCHOR_COUNTER = 0x01800a11;

const COUNTER_SIZE = 8;

/** What TPM2_NV_Certify says of a counter; `value` is decimal, for a UINT64 does not fit a JSON number. */
export interface CertifiedCounter extends AttestHeader {
  /** The Name of the index: its algorithm and the digest of its public area, hex. */
  index_name: string;
  value: string;
}

/**
 * Parses TPMS_ATTEST of type NV certification (TPM 2.0 Library, Part 2, §10.12.8 and TPMS_NV_CERTIFY_INFO) over all eight bytes
 * of a counter, from its marshalled bytes. Errors: those of a quote.
 */
export function parseCertifiedCounter(attest: Uint8Array): CertifiedCounter {
  const r = new TpmReader(attest);
  const header = readAttestHeader(r, TPM_ST_ATTEST_NV);
  const indexName = r.sized(NAME_SIZE, 'indexName');
  if (r.u16('offset') !== 0) throw new AttestationError('value_invalid', 'offset');
  if (r.u16('nvContents.size') !== COUNTER_SIZE) throw new AttestationError('size_invalid', 'nvContents');
  const value = r.u64('nvContents');
  r.end('attest');
  return { ...header, index_name: toHex(indexName), value: value.toString() };
}

/** TPMA_NV of Part 2, §13.4, as the log's counter is defined, and written once. */
const ATTRIBUTES =
  (0x1 << 4) /* TPM_NT_COUNTER */ |
  (1 << 1) /* OWNERWRITE */ |
  (1 << 2) /* AUTHWRITE */ |
  (1 << 17) /* OWNERREAD */ |
  (1 << 18) /* AUTHREAD */ |
  (1 << 25) /* NO_DA */ |
  (1 << 29); /* WRITTEN */

/** TPMS_NV_PUBLIC: index, nameAlg, attributes, no policy, eight bytes. */
function publicArea(): Uint8Array {
  const area = new DataView(new ArrayBuffer(14));
  area.setUint32(0, ANCHOR_COUNTER);
  area.setUint16(4, TPM_ALG_SHA256);
  area.setUint32(6, ATTRIBUTES);
  area.setUint16(10, 0);
  area.setUint16(12, COUNTER_SIZE);
  return new Uint8Array(area.buffer);
}

/** The Name that the log's counter has on every TPM, hex: nothing but a counter at that index has it. */
export const anchorCounterName = (sha256: Sha256): string =>
  toHex(concatBytes(Uint8Array.of(TPM_ALG_SHA256 >> 8, TPM_ALG_SHA256 & 0xff), sha256(publicArea())));
