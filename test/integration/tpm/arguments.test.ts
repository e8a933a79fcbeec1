import { beforeAll, describe, expect, it } from 'vitest';

import { openTpm, type Tpm } from '../../../native/tpm/index.ts';
import { classify } from '../../../native/tpm/response-code.ts';
import { expectCode, open, useSwtpm } from './fixture.ts';

const swtpm = useSwtpm();
let tpm: Tpm;
beforeAll(async () => {
  tpm = await open(swtpm);
});

describe('arguments', () => {
  const pcrs = { bank: 'sha256', indices: [0] } as const;
  const refused: [string, () => Promise<unknown>][] = [
    ['tcti', () => openTpm({ tcti: '' })],
    ['timeoutMs', () => openTpm({ tcti: swtpm.tcti, timeoutMs: 0 })],
    ['indices', () => tpm.pcrRead({ bank: 'sha256', indices: [24] })],
    ['indices', () => tpm.pcrRead({ bank: 'sha256', indices: [-1] })],
    ['indices', () => tpm.pcrRead({ bank: 'sha256', indices: [1.5] })],
    ['indices', () => tpm.pcrRead({ bank: 'sha256', indices: [1, 1] })],
    ['bank', () => tpm.pcrRead({ bank: 'md5' as 'sha256', indices: [1] })],
    ['bank', () => tpm.pcrRead({ bank: 'constructor' as 'sha256', indices: [1] })],
    ['digest', () => tpm.pcrExtend({ index: 23, bank: 'sha256', digest: Buffer.alloc(20) })],
    ['digest', () => tpm.pcrExtend({ index: 23, bank: 'sha256', digest: 'x' as unknown as Buffer })],
    ['qualifyingData', () => tpm.quote({ qualifyingData: Buffer.alloc(65), pcrs })],
    ['akHandle', () => tpm.quote({ akHandle: 0x80000000, qualifyingData: Buffer.alloc(8), pcrs })],
    ['handle', () => tpm.createAk({ handle: 0x81800000 })],
    ['type', () => tpm.createEk({ type: 'dsa' as 'ecc_p256' })],
    ['index', () => tpm.nvRead({ index: 0x81000000 })],
  ];

  it.each(refused)('refuses a wrong %s before the TPM sees it', async (field, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'invalid_argument', rc: null, layer: null });
    await expect(call()).rejects.toThrow(field);
  });

  it('takes memory that is shared or only a view', async () => {
    const view = new Uint8Array(new SharedArrayBuffer(64), 16, 32);
    await tpm.pcrExtend({ index: 16, bank: 'sha256', digest: view });
    await expectCode(tpm.evict({ handle: 0x81010abc }), 'tpm_bad_parameter', 0x18b);
  });
});

describe('response codes', () => {
  it.each([
    [0x902, 'tpm_out_of_slots', 'tpm'],
    [0x903, 'tpm_out_of_slots', 'tpm'],
    [0x922, 'tpm_busy', 'tpm'],
    [0x908, 'tpm_busy', 'tpm'],
    [0x921, 'tpm_auth_failed', 'tpm'],
    [0x98e, 'tpm_auth_failed', 'tpm'],
    [0x9a2, 'tpm_auth_failed', 'tpm'],
    [0x99d, 'tpm_policy_failed', 'tpm'],
    [0x126, 'tpm_policy_failed', 'tpm'],
    [0x1df, 'tpm_bad_parameter', 'tpm'],
    [0x18b, 'tpm_bad_parameter', 'tpm'],
    [0x100, 'tpm_unavailable', 'tpm'],
    [0x101, 'tpm_error', 'tpm'],
    [0x14a, 'tpm_error', 'tpm'],
    [0xb0143, 'tpm_error', 'resmgr'],
    [0xa000a, 'tpm_unavailable', 'tcti'],
    [0xa0009, 'tpm_busy', 'tcti'],
    [0x7000b, 'tpm_bad_parameter', 'esys'],
    [0x70007, 'tpm_error', 'esys'],
    [0x80013, 'tpm_unavailable', 'sys'],
    [0x90010, 'tpm_bad_parameter', 'mu'],
  ])('0x%s is %s of layer %s', (rc, code, layer) => {
    expect(classify(rc)).toEqual({ code, layer });
  });
});
