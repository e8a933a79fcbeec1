import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

import { beforeAll, describe, expect, it } from 'vitest';

import { makeCredential, openTpm, type EndorsementKey, type Tpm, type TpmKey } from '../../../native/tpm/index.ts';
import { ak, expectCode, expectNoLeak, open, pcrs, useSwtpm } from './fixture.ts';

const swtpm = useSwtpm();
let tpm: Tpm;
let key: TpmKey;
beforeAll(async () => {
  tpm = await open(swtpm);
  key = await ak(tpm);
});

describe.each(['rsa_2048', 'ecc_p256'] as const)('credential activation with an %s EK', (type) => {
  let ek: EndorsementKey;
  beforeAll(async () => {
    ek = await tpm.createEk({ type });
  });
  const activate = (credential: ReturnType<typeof makeCredential>, akHandle = key.handle) =>
    tpm.activateCredential({ akHandle, ekHandle: ek.handle, ...credential });

  it.each([1, 16, 32])('returns a secret of %i bytes', async (size) => {
    const secret = randomBytes(size);
    expect(await activate(makeCredential({ ekPublic: ek.public, objectName: key.name, secret }))).toEqual(secret);
    await expectNoLeak(tpm);
  });

  it('refuses a credential for another object name', async () => {
    const objectName = Buffer.from(key.name);
    objectName[5]! ^= 1;
    const credential = makeCredential({ ekPublic: ek.public, objectName, secret: randomBytes(32) });
    await expectCode(activate(credential), 'tpm_bad_parameter', 0x1df);
  });

  it('refuses an altered blob ten times and quotes afterwards', async () => {
    const credential = makeCredential({ ekPublic: ek.public, objectName: key.name, secret: randomBytes(32) });
    credential.credentialBlob[12]! ^= 1;
    for (let n = 0; n < 10; n += 1) await expectCode(activate(credential), 'tpm_bad_parameter', 0x1df);
    await expectNoLeak(tpm);
    await tpm.quote({ qualifyingData: randomBytes(32), pcrs });
  });

  it('refuses an altered seed and one that does not parse', async () => {
    const credential = makeCredential({ ekPublic: ek.public, objectName: key.name, secret: randomBytes(32) });
    const altered = Buffer.from(credential.encryptedSecret);
    altered[altered.length - 1]! ^= 1;
    await expect(activate({ ...credential, encryptedSecret: altered })).rejects.toMatchObject({ layer: 'tpm' });
    const cut = credential.encryptedSecret.subarray(0, 20);
    await expect(activate({ ...credential, encryptedSecret: cut })).rejects.toMatchObject({ layer: 'mu' });
    await expectNoLeak(tpm);
  });

  it('needs both keys', async () => {
    const credential = makeCredential({ ekPublic: ek.public, objectName: key.name, secret: randomBytes(32) });
    await expectCode(activate(credential, 0x81010abc), 'tpm_bad_parameter', 0x18b);
    await expectNoLeak(tpm);
  });
});

describe('slots', () => {
  it('full ones are reported as such, and flushed by the next open', async () => {
    const run = promisify(execFile);
    const env = { ...process.env, TPM2TOOLS_TCTI: swtpm.tcti };
    for (let n = 0; n < 3; n += 1) await run('tpm2_createprimary', ['-C', 'o', '-G', 'ecc', '-Q'], { env });
    expect((await tpm.handles()).transient).toHaveLength(3);
    await expectCode(tpm.createAk({ handle: 0x81010020 }), 'tpm_out_of_slots', 0x902);
    const next = await openTpm({ tcti: swtpm.tcti });
    await expectNoLeak(next);
    await next.close();
  });

  it('sessions left by others are flushed by the next open', async () => {
    const run = promisify(execFile);
    const env = { ...process.env, TPM2TOOLS_TCTI: swtpm.tcti };
    const script = 'for n in 1 2 3; do tpm2_startauthsession -S "$0/$n" && tpm2_sessionconfig "$0/$n"; done';
    await run('bash', ['-c', script, swtpm.caDir], { env });
    const next = await openTpm({ tcti: swtpm.tcti });
    await expectNoLeak(next);
    await next.close();
  });
});

describe('makeCredential', () => {
  it('refuses what is no EK, and secrets that do not fit', async () => {
    const ek = await tpm.createEk();
    const secret = randomBytes(32);
    const make = (change: object) => () =>
      makeCredential({ ekPublic: ek.public, objectName: key.name, secret, ...change });
    const invalid = expect.objectContaining({ code: 'invalid_argument' }) as Error;
    expect(make({ ekPublic: key.public })).toThrow(invalid);
    expect(make({ ekPublic: ek.public.subarray(0, 40) })).toThrow(invalid);
    expect(make({ ekPublic: Buffer.concat([ek.public, Buffer.of(0)]) })).toThrow(invalid);
    expect(make({ secret: randomBytes(33) })).toThrow(invalid);
    expect(make({ secret: Buffer.alloc(0) })).toThrow(invalid);
    expect(make({ objectName: Buffer.alloc(0) })).toThrow(invalid);
  });

  it('refuses a point that is not on the curve', async () => {
    const { public: ekPublic } = await tpm.createEk({ type: 'ecc_p256' });
    const offCurve = Buffer.from(ekPublic);
    offCurve[offCurve.length - 1]! ^= 1;
    expect(() => makeCredential({ ekPublic: offCurve, objectName: key.name, secret: randomBytes(32) })).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }) as Error,
    );
  });
});
