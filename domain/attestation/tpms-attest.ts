// A quote is a TPMS_ATTEST that the TPM itself made: the magic keeps a restricted key from signing a forged one.
import { toHex } from '../canonical/hash.ts';
import { AttestationError } from './error.ts';
import {
  MAX_DIGEST_SIZE,
  NAME_SIZE,
  SHA256_SIZE,
  TPM_ALG_SHA256,
  TPM_GENERATED_VALUE,
  TPM_ST_ATTEST_QUOTE,
} from './tpm-constants.ts';
import { TpmReader } from './tpm-reader.ts';

/** TPMS_CLOCK_INFO; `clock` is milliseconds as a decimal string (a UINT64 does not fit a JSON number). */
export interface Counters {
  clock: string;
  reset_count: number;
  restart_count: number;
  safe: boolean;
}

/** A quote as plain JSON: bytes as lowercase hex, UINT64 as decimal strings, PCR indices ascending. */
export interface Quote {
  qualified_signer: string;
  nonce: string;
  counters: Counters;
  firmware_version: string;
  pcr_bank: 'sha256';
  pcr_selection: number[];
  pcr_digest: string;
}

function readSafe(r: TpmReader): boolean {
  const safe = r.u8('clockInfo.safe');
  if (safe > 1) throw new AttestationError('value_invalid', 'clockInfo.safe');
  return safe === 1;
}

function readCounters(r: TpmReader): Counters {
  return {
    clock: r.u64('clockInfo.clock').toString(),
    reset_count: r.u32('clockInfo.resetCount'),
    restart_count: r.u32('clockInfo.restartCount'),
    safe: readSafe(r),
  };
}

/** TPML_PCR_SELECTION of exactly one SHA-256 bank; bit 0 of byte 0 is PCR 0. */
function readSelection(r: TpmReader): number[] {
  if (r.u32('pcrSelect.count') !== 1) throw new AttestationError('value_invalid', 'pcrSelect.count');
  if (r.u16('pcrSelect.hash') !== TPM_ALG_SHA256) throw new AttestationError('algorithm_unsupported', 'pcrSelect.hash');
  const size = r.u8('pcrSelect.sizeofSelect');
  if (size !== 3) throw new AttestationError('size_invalid', 'pcrSelect.sizeofSelect');
  const bitmap = r.bytes(size, 'pcrSelect.pcrSelect');
  return [...bitmap].flatMap((byte, i) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((b) => byte & (1 << b)).map((b) => i * 8 + b),
  );
}

/** What every TPMS_ATTEST begins with: who made it, over which nonce, when by its own counters. */
export type AttestHeader = Pick<Quote, 'qualified_signer' | 'nonce' | 'counters' | 'firmware_version'>;

/** Reads up to the part that belongs to its type. Errors: truncated, size_invalid, magic_invalid, type_unsupported, value_invalid. */
export function readAttestHeader(r: TpmReader, type: number): AttestHeader {
  if (r.u32('magic') !== TPM_GENERATED_VALUE) throw new AttestationError('magic_invalid', 'magic');
  if (r.u16('type') !== type) throw new AttestationError('type_unsupported', 'type');
  return {
    qualified_signer: toHex(r.sized(NAME_SIZE, 'qualifiedSigner')),
    nonce: toHex(r.sized(MAX_DIGEST_SIZE, 'extraData')),
    counters: readCounters(r),
    firmware_version: r.u64('firmwareVersion').toString(),
  };
}

/**
 * Parses TPMS_ATTEST of type quote (TPM 2.0 Library, Part 2, §10.12.8) from its marshalled bytes, without the TPM2B size.
 * Errors: truncated, trailing_bytes, size_invalid, magic_invalid, type_unsupported, algorithm_unsupported, value_invalid.
 */
export function parseQuote(attest: Uint8Array): Quote {
  const r = new TpmReader(attest);
  const header = readAttestHeader(r, TPM_ST_ATTEST_QUOTE);
  const selection = readSelection(r);
  const digest = r.sized(SHA256_SIZE, 'pcrDigest');
  if (digest.length !== SHA256_SIZE) throw new AttestationError('size_invalid', 'pcrDigest');
  r.end('attest');
  return {
    ...header,
    pcr_bank: 'sha256',
    pcr_selection: selection,
    pcr_digest: toHex(digest),
  };
}
