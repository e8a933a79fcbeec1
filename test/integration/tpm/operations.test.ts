import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import type { Tpm } from '../../../native/tpm/index.ts';
import { expectCode, expectNoLeak, open, useSwtpm } from './fixture.ts';

const swtpm = useSwtpm();
let tpm: Tpm;
beforeAll(async () => {
  tpm = await open(swtpm);
});

describe('state of the TPM', () => {
  it('reports manufacturer, firmware and specification', async () => {
    const properties = await tpm.properties();
    expect(properties).toMatchObject({ family: '2.0', manufacturer: 'IBM', specLevel: 0 });
    expect(properties.vendorString).toContain('SW');
    expect(properties.specRevision).toBeGreaterThan(100);
    expect(properties.firmwareVersion1).toBeGreaterThan(0);
  });

  it('counts an orderly restart', async () => {
    const before = await tpm.readClock();
    await tpm.shutdown();
    await tpm.close();
    await swtpm.kill();
    await swtpm.start();
    tpm = await open(swtpm);
    const after = await tpm.readClock();
    expect(before.safe).toBe(true);
    expect(after).toMatchObject({ resetCount: before.resetCount + 1, restartCount: 0, safe: true });
  });

  it('is not safe to compare clocks after kill -9', async () => {
    const before = await tpm.readClock();
    await swtpm.kill();
    await swtpm.start();
    tpm = await open(swtpm);
    const after = await tpm.readClock();
    expect(after.resetCount).toBeGreaterThan(before.resetCount);
    expect(after.safe).toBe(false);
  });
});

describe('PCRs', () => {
  it('reads more than one response can carry, ascending', async () => {
    const indices = Array.from({ length: 24 }, (_, index) => 23 - index);
    const { values } = await tpm.pcrRead({ bank: 'sha256', indices });
    expect(values.map((value) => value.index)).toEqual(indices.reverse());
    expect(values.every((value) => value.digest.length === 32)).toBe(true);
  });

  it('extends and resets PCR 23', async () => {
    const digest = Buffer.alloc(32, 7);
    await tpm.pcrReset({ index: 23 });
    await tpm.pcrExtend({ index: 23, bank: 'sha256', digest });
    const extended = await tpm.pcrRead({ bank: 'sha256', indices: [23] });
    const expected = createHash('sha256').update(Buffer.alloc(32)).update(digest).digest();
    expect(extended.values).toEqual([{ index: 23, digest: expected }]);
    await tpm.pcrReset({ index: 23 });
    const { values } = await tpm.pcrRead({ bank: 'sha256', indices: [23] });
    expect(values).toEqual([{ index: 23, digest: Buffer.alloc(32) }]);
  });

  it('does not reset a PCR of the boot chain', async () => {
    await expectCode(tpm.pcrReset({ index: 0 }), 'tpm_bad_parameter', 0x907);
  });

  it('refuses a bank that is not allocated', async () => {
    await expectCode(tpm.pcrRead({ bank: 'sha1', indices: [0] }), 'tpm_bad_parameter');
  });
});

describe('keys', () => {
  it('uses the EK that the certificate in the TPM is about', async () => {
    const ek = await tpm.createEk();
    const der = await tpm.readEkCertificate();
    expect(ek).toMatchObject({ type: 'rsa_2048', handle: 0x81010001 });
    const certificate = new X509Certificate(der as Buffer);
    const modulus = ek.public.subarray(-256).toString('base64url');
    expect(certificate.publicKey.equals(createPublicKey({ key: rsaJwk(modulus), format: 'jwk' }))).toBe(true);
    const issuer = new X509Certificate(await readFile(join(swtpm.caDir, 'issuercert.pem')));
    expect(certificate.verify(issuer.publicKey)).toBe(true);
  });

  it('names a key by the hash of its public area', async () => {
    const ek = await tpm.createEk();
    const digest = createHash('sha256').update(ek.public).digest();
    expect(ek.name).toEqual(Buffer.concat([Buffer.of(0x00, 0x0b), digest]));
  });

  it('makes an ECC EK where none is, once, and knows that it has no certificate', async () => {
    const ek = await tpm.createEk({ type: 'ecc_p256' });
    expect(ek.handle).toBe(0x81010002);
    expect(await tpm.createEk({ type: 'ecc_p256' })).toEqual(ek);
    expect(await tpm.readEkCertificate({ type: 'ecc_p256' })).toBeNull();
    await tpm.evict(ek);
    expect(await tpm.createEk({ type: 'ecc_p256' })).toEqual(ek);
  });

  it('makes an AK that outlives kill -9, another one each time', async () => {
    expect(await tpm.loadAk()).toBeNull();
    const first = await tpm.createAk();
    await swtpm.kill();
    await swtpm.start();
    tpm = await open(swtpm);
    expect(await tpm.loadAk()).toEqual(first);
    await expectCode(tpm.createAk(), 'tpm_bad_parameter', 0x14c);
    await tpm.evict(first);
    expect((await tpm.createAk()).name).not.toEqual(first.name);
  });

  it('does not take another kind of key for an AK', async () => {
    const { handle } = await tpm.createEk();
    await expectCode(tpm.loadAk({ handle }), 'tpm_bad_parameter');
    await expectNoLeak(tpm);
  });
});

describe('NV counter', () => {
  const index = 0x01800010;

  it('starts with a value and only grows, over kill -9 and a new definition', async () => {
    expect(await tpm.nvCounterDefine({ index })).toEqual({ created: true });
    const first = await tpm.nvRead({ index });
    expect(await tpm.nvIncrement({ index })).toBe(first + 1n);
    await swtpm.kill();
    await swtpm.start();
    tpm = await open(swtpm);
    expect(await tpm.nvCounterDefine({ index })).toEqual({ created: false });
    expect(await tpm.nvRead({ index })).toBe(first + 1n);
    await tpm.nvUndefine({ index });
    await expectCode(tpm.nvRead({ index }), 'tpm_bad_parameter', 0x18b);
    await tpm.nvCounterDefine({ index });
    expect(await tpm.nvRead({ index })).toBeGreaterThan(first + 1n);
    await expectNoLeak(tpm);
  });

  it('refuses an index that is no counter', async () => {
    await expectCode(tpm.nvCounterDefine({ index: 0x01c00002 }), 'tpm_bad_parameter');
    await expectCode(tpm.nvIncrement({ index: 0x01c00002 }), 'tpm_bad_parameter');
  });
});

function rsaJwk(n: string) {
  return { kty: 'RSA', n, e: Buffer.of(1, 0, 1).toString('base64url') };
}
