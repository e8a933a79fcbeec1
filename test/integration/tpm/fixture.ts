import { execFileSync } from 'node:child_process';
import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect } from 'vitest';

import { openTpm, type Tpm, type TpmErrorCode } from '../../../native/tpm/index.ts';
import { startSwtpm, type Swtpm } from '../../support/swtpm.ts';

export const pcrs = { bank: 'sha256', indices: [0, 1, 2, 3, 4, 5, 6, 7, 23] } as const;

const tpmDir = new URL('../../../native/tpm/', import.meta.url);
const opened: Tpm[] = [];

/** One software TPM for the test file: there from its first test to its last, and not at all where none of them runs. */
export function useSwtpm(): Swtpm {
  const swtpm = {} as Swtpm;
  beforeAll(async () => {
    if (!process.env.INTERLOCK_TPM_ADDON) {
      execFileSync(fileURLToPath(new URL('build.sh', tpmDir)), [fileURLToPath(new URL('build', tpmDir))]);
    }
    Object.assign(swtpm, await startSwtpm());
  });
  afterAll(async () => {
    await Promise.all(opened.splice(0).map((tpm) => tpm.close()));
    await swtpm.stop?.();
  });
  return swtpm;
}

export async function open(swtpm: Swtpm, timeoutMs?: number): Promise<Tpm> {
  const tpm = await openTpm({ tcti: swtpm.tcti, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  opened.push(tpm);
  return tpm;
}

/** The AK of this TPM, made if need be. */
export async function ak(tpm: Tpm) {
  return (await tpm.loadAk()) ?? (await tpm.createAk());
}

export async function expectCode(promise: Promise<unknown>, code: TpmErrorCode, rc?: number): Promise<void> {
  await expect(promise).rejects.toMatchObject({ name: 'TpmError', code, ...(rc === undefined ? {} : { rc }) });
}

/** A TPM out of slots refuses everybody, so this is asked after every failure. */
export async function expectNoLeak(tpm: Tpm): Promise<void> {
  expect(await tpm.handles()).toMatchObject({ transient: [], loadedSessions: [] });
}

/** The point that ends the TPMT_PUBLIC of an ECC P-256 key. */
export function eccPublicKey(publicArea: Buffer): KeyObject {
  const x = publicArea.subarray(-66, -34).toString('base64url');
  const y = publicArea.subarray(-32).toString('base64url');
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
}

/** TPMT_SIGNATURE of ECDSA: algorithm, hash, then r and s as TPM2B (TPM 2.0 Library, Part 2, section 11.3.4). */
export function verifyEcdsa(key: KeyObject, signed: Buffer, signature: Buffer): boolean {
  expect(signature.readUInt32BE()).toBe(0x0018_000b);
  const rSize = signature.readUInt16BE(4);
  const r = signature.subarray(6, 6 + rSize);
  const s = signature.subarray(8 + rSize);
  expect(s.length).toBe(signature.readUInt16BE(6 + rSize));
  const padded = [r, s].map((part) => Buffer.concat([Buffer.alloc(32 - part.length), part]));
  return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.concat(padded));
}
