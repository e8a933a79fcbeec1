import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { describe, expect, it } from 'vitest';

import { openTpm } from '../../../native/tpm/index.ts';
import { ak, expectCode, expectNoLeak, open, pcrs, useSwtpm } from './fixture.ts';

const swtpm = useSwtpm();
const quote = () => ({ qualifyingData: randomBytes(32), pcrs });

describe('close', () => {
  it('is idempotent and refuses what comes after', async () => {
    const tpm = await open(swtpm);
    await ak(tpm);
    await Promise.all([tpm.close(), tpm.close()]);
    await tpm.close();
    await expectCode(tpm.readClock(), 'closed');
    await expectCode(tpm.quote(quote()), 'closed');
  });

  it('lets calls in flight finish', async () => {
    const tpm = await open(swtpm);
    const reading = Array.from({ length: 50 }, () => tpm.readClock());
    const closing = tpm.close();
    await expectCode(tpm.readClock(), 'closed');
    expect(await Promise.all(reading)).toHaveLength(50);
    await closing;
  });

  it('a hundred connections come and go', async () => {
    for (let n = 0; n < 100; n += 1) await (await openTpm({ tcti: swtpm.tcti })).close();
    await expectNoLeak(await open(swtpm));
  });
});

describe('a TPM that goes away', () => {
  it('in mid-command rejects that call and all that wait, and serves again after its return', async () => {
    const tpm = await open(swtpm);
    await ak(tpm);
    swtpm.freeze();
    const quoting = Array.from({ length: 20 }, () => tpm.quote(quote()));
    const outcomes = Promise.allSettled(quoting);
    await sleep(200);
    await swtpm.kill();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'tpm_unavailable', layer: 'tcti' } });
    }
    await expectCode(tpm.readClock(), 'tpm_unavailable');
    await tpm.close();
    await expectCode(tpm.readClock(), 'closed');
    await expectCode(openTpm({ tcti: swtpm.tcti }), 'tpm_unavailable');

    await swtpm.start();
    const again = await open(swtpm);
    await again.quote(quote());
    await expectNoLeak(again);
  });

  it('somewhere among many quotes settles every one of them', async () => {
    const tpm = await open(swtpm);
    const quoting = Array.from({ length: 200 }, () => tpm.quote(quote()));
    const settled = Promise.allSettled(quoting);
    await quoting[20];
    await swtpm.kill();
    const refused = (await settled).filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'tpm_unavailable' });
    await swtpm.start();
    const again = await open(swtpm);
    await again.quote(quote());
    await expectNoLeak(again);
  });

  it('serves on after a restart between two commands', async () => {
    const tpm = await open(swtpm);
    await tpm.quote(quote());
    await swtpm.kill();
    await swtpm.start();
    await tpm.quote(quote());
  });

  it('and hangs counts as unavailable after the timeout', async () => {
    const tpm = await open(swtpm, 2_000);
    swtpm.freeze();
    try {
      await Promise.all([tpm.quote(quote()), tpm.readClock()].map((call) => expectCode(call, 'tpm_unavailable')));
      await tpm.close();
    } finally {
      swtpm.thaw();
    }
    await (await open(swtpm)).quote(quote());
  });

  it('does not hold up the end of the process', async () => {
    swtpm.freeze();
    try {
      const script = `
        const { openTpm } = await import(${JSON.stringify(new URL('../../../native/tpm/index.ts', import.meta.url))});
        openTpm({ tcti: ${JSON.stringify(swtpm.tcti)} }).catch(() => undefined);
        setTimeout(() => process.exit(7), 200);`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
      expect(await once(child, 'exit')).toEqual([7, null]);
    } finally {
      swtpm.thaw();
    }
  });

  it('by name is unavailable', async () => {
    await expectCode(openTpm({ tcti: 'swtpm:host=127.0.0.1,port=1' }), 'tpm_unavailable');
    await expectCode(openTpm({ tcti: 'nonesuch:' }), 'tpm_unavailable');
  });
});

describe('worker threads', () => {
  const start = (quotes: number) =>
    new Worker(new URL('./quote-worker.ts', import.meta.url), { workerData: { tcti: swtpm.tcti, quotes } });

  it('use the addon beside the main thread', async () => {
    const tpm = await open(swtpm);
    const workers = [start(30), start(30)];
    const mine = Promise.all(Array.from({ length: 30 }, () => tpm.quote(quote())));
    const theirs = workers.map(
      (worker) =>
        new Promise((resolve, reject) => {
          worker.on('message', (message) => typeof message === 'number' && resolve(message));
          worker.on('error', reject);
        }),
    );
    expect(await Promise.all(theirs)).toEqual([30, 30]);
    await mine;
    await expectNoLeak(tpm);
  });

  it('may be terminated in mid-command', async () => {
    for (let n = 0; n < 5; n += 1) {
      const worker = start(500);
      await once(worker, 'message');
      await worker.terminate();
    }
    const tpm = await open(swtpm);
    await tpm.quote(quote());
    await expectNoLeak(tpm);
  });
});

describe('the event loop', () => {
  it('does not wait for an idle connection', async () => {
    const script = `
      const { openTpm } = await import(${JSON.stringify(new URL('../../../native/tpm/index.ts', import.meta.url))});
      const tpm = await openTpm({ tcti: ${JSON.stringify(swtpm.tcti)} });
      await tpm.readClock();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
