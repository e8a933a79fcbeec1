import { randomBytes } from 'node:crypto';

import { beforeAll, describe, expect, it } from 'vitest';

import type { Tpm, TpmKey } from '../../../native/tpm/index.ts';
import { ak, eccPublicKey, expectCode, expectNoLeak, open, pcrs, useSwtpm, verifyEcdsa } from './fixture.ts';

const swtpm = useSwtpm();
let tpm: Tpm;
let key: TpmKey;
beforeAll(async () => {
  tpm = await open(swtpm);
  key = await ak(tpm);
});

describe('quote', () => {
  it('is signed by the AK over the nonce', async () => {
    const qualifyingData = randomBytes(32);
    const quote = await tpm.quote({ qualifyingData, pcrs });
    expect(quote.attest.subarray(0, 6).toString('hex')).toBe('ff5443478018');
    expect(quote.attest.includes(qualifyingData)).toBe(true);
    expect(verifyEcdsa(eccPublicKey(key.public), quote.attest, quote.signature)).toBe(true);
    const forged = Buffer.from(quote.attest);
    forged[forged.length - 1]! ^= 1;
    expect(verifyEcdsa(eccPublicKey(key.public), forged, quote.signature)).toBe(false);
  });

  it('comes with the values it quotes, also right after a change', async () => {
    for (let round = 0; round < 5; round += 1) {
      await tpm.pcrExtend({ index: 23, bank: 'sha256', digest: randomBytes(32) });
      const { values } = await tpm.pcrRead(pcrs);
      const quote = await tpm.quote({ qualifyingData: randomBytes(32), pcrs });
      expect(quote.pcrs).toEqual(values);
      const again = await tpm.quote({ qualifyingData: randomBytes(32), pcrs });
      expect(again.pcrs).toEqual(values);
      quote.pcrs[0]?.digest.fill(0xff);
      again.pcrs[0]?.digest.fill(0xff);
    }
  });

  it('matches its values while another client extends', async () => {
    const other = await open(swtpm);
    const extending = (async () => {
      for (let n = 0; n < 50; n += 1) await other.pcrExtend({ index: 23, bank: 'sha256', digest: randomBytes(32) });
    })();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () => tpm.quote({ qualifyingData: randomBytes(32), pcrs })),
    );
    await extending;
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'tpm_busy' });
    expect(refused.length).toBeLessThan(outcomes.length);
  });

  it('takes an empty selection and an empty nonce', async () => {
    const quote = await tpm.quote({ qualifyingData: Buffer.alloc(0), pcrs: { bank: 'sha256', indices: [] } });
    expect(quote.pcrs).toEqual([]);
    expect(verifyEcdsa(eccPublicKey(key.public), quote.attest, quote.signature)).toBe(true);
  });

  it('copies the nonce when it is called', async () => {
    const qualifyingData = Buffer.alloc(32, 1);
    const quoting = tpm.quote({ qualifyingData, pcrs });
    qualifyingData.fill(2);
    expect((await quoting).attest.includes(Buffer.alloc(32, 1))).toBe(true);
  });

  it('needs a signing key at the handle', async () => {
    const { handle } = await tpm.createEk();
    const qualifyingData = randomBytes(32);
    await expectCode(tpm.quote({ akHandle: handle, qualifyingData, pcrs }), 'tpm_auth_failed');
    await expectCode(tpm.quote({ akHandle: 0x81010abc, qualifyingData, pcrs }), 'tpm_bad_parameter', 0x18b);
    await expectNoLeak(tpm);
  });

  it('a thousand leave no transient object and no session', async () => {
    const before = await tpm.handles();
    for (let n = 0; n < 1000; n += 1) await tpm.quote({ qualifyingData: randomBytes(32), pcrs });
    expect(await tpm.handles()).toEqual(before);
    await expectNoLeak(tpm);
  });

  it('a hundred in flight on one connection are all answered, each with its nonce', async () => {
    const nonces = Array.from({ length: 100 }, () => randomBytes(32));
    const quotes = await Promise.all(nonces.map((qualifyingData) => tpm.quote({ qualifyingData, pcrs })));
    nonces.forEach((nonce, n) => expect(quotes[n]?.attest.includes(nonce)).toBe(true));
  });

  it('two clients quote side by side', async () => {
    const other = await open(swtpm);
    const quotes = await Promise.all(
      [tpm, other].flatMap((client) =>
        Array.from({ length: 50 }, () => client.quote({ qualifyingData: randomBytes(32), pcrs })),
      ),
    );
    expect(quotes).toHaveLength(100);
    await other.close();
    await expectNoLeak(tpm);
  });
});
