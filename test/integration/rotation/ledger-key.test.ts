import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLedgerKeys } from '../../../cli/forensic/keys.ts';
import { verifyFile } from '../../../cli/forensic/verify-file.ts';
import { one } from '../../../db/client.ts';
import { currentLog } from '../../../db/command/sequence-entries.ts';
import { publishedLog } from '../../../db/read/log.ts';
import { transaction } from '../../../db/transaction.ts';
import { writeEntries } from '../../../db/write/ledger.ts';
import { signedBy } from '../../../workers/rotation/log-handover.ts';
import { createStrategies } from '../../../workers/rotation/strategies/ledger-key.ts';
import { eventually } from '../../support/eventually.ts';
import { startForensic } from '../../support/forensic.ts';
import type { ForensicUnderTest } from '../../support/forensic.ts';
import { append, entryOf } from '../../support/log.ts';
import { byHand, driven } from '../../support/rotation-in-memory.ts';
import type { Trouble } from '../../support/rotation-in-memory.ts';
import { removeTree } from '../../support/remove-tree.ts';

let f: ForensicUnderTest;
let folder: string;
beforeAll(async () => {
  f = await startForensic();
  folder = mkdtempSync(join(tmpdir(), 'interlock-log-key-'));
});
afterAll(async () => {
  await f?.close();
  removeTree(folder);
});

const deps = () => ({
  db: f.db,
  baseUrl: f.url,
  stateRoot: f.stateRoot,
  adminTokenFile: undefined,
  readonlyTokenFile: undefined,
});
let n = 100;
/** Each step recorded is an entry of the log, as it is in the product. */
const recorded = () => append(f.db, entryOf(n++));
const drive = (trouble: Trouble = {}) => driven(createStrategies, deps(), { ...trouble, recorded });
const keyFiles = () =>
  readdirSync(join(f.stateRoot, 'keys'))
    .filter((name) => name.startsWith('ledger-'))
    .sort();
const archived = () => readdirSync(join(f.stateRoot, 'keys', 'retired'));
const current = async () => (await currentLog(f.db))!;
const handovers = async () => (await one<{ n: number }>(f.db, 'SELECT count(*)::int4 AS n FROM log_key_rotations'))!.n;
const pem = (name: string) => readFileSync(join(f.stateRoot, 'keys', name), 'utf8').split('\n')[1] ?? '';

describe('the rotation of the key of the log', () => {
  it('S1-84 ends with the new key alone: the old private half is gone, what it signed verifies through the chain', async () => {
    await f.published();
    const before = await current();
    const bundle = join(folder, 'before.json');
    writeFileSync(bundle, await f.bundle());
    const [oldFile = ''] = keyFiles();
    const secret = pem(oldFile);
    const { record, steps } = await drive();
    expect(record).toMatchObject({ state: 'completed', failure: null });
    const now = await current();
    expect(now.key_generation).toBe(before.key_generation + 1);
    expect(keyFiles()).toEqual(['ledger-signing-1.2.pem']);
    expect(archived()).toEqual(['ledger-1.vkey']);
    const proof = steps.findLast((s) => s.step === 'prove_old')?.evidence;
    expect(proof).toMatchObject({ old_key: before.verifier_key, new_key: now.verifier_key });
    const { checkpoint } = (await publishedLog(f.db))!;
    expect([signedBy(checkpoint, now.verifier_key), signedBy(checkpoint, before.verifier_key)]).toEqual([true, false]);
    const keys = join(folder, 'keys.json');
    writeFileSync(keys, await (await f.get('/ledger/keys')).text());
    const trust = { forensicKeys: [], ledgerKeys: readLedgerKeys(keys) };
    expect(await verifyFile(bundle, trust, () => undefined)).toMatchObject({
      unaltered: true,
      signature_ed25519: 'good',
      checkpoint: 'good',
    });
    for (const private_key of [secret, pem('ledger-signing-1.2.pem')])
      expect(JSON.stringify([record, steps])).not.toContain(private_key);
  });

  it.each(['inspect', 'stage', 'prove_new', 'cut_over', 'prove_old', 'revoke'] as const)(
    'hands over once when %s is taken again after a kill',
    async (dies_after) => {
      const [before, count] = [await current(), await handovers()];
      const { record } = await drive({ dies_after });
      expect(record.state).toBe('completed');
      expect((await current()).key_generation).toBe(before.key_generation + 1);
      expect(await handovers()).toBe(count + 1);
      expect(keyFiles()).toHaveLength(1);
    },
  );

  it.each([
    ['stage', false],
    ['stage', true],
    ['prove_new', false],
    ['prove_new', true],
    ['cut_over', false],
  ] as const)('is undone when %s fails (once done: %s) before anything was asked', async (step, once_done) => {
    const [before, files, count] = [await current(), keyFiles(), await handovers()];
    const { record } = await drive({ fails: { step, once_done }, dies_after: 'undo' });
    expect(record).toMatchObject({ state: 'undone', failed_step: step, failure: 'test_failure' });
    expect([await current(), keyFiles(), await handovers()].slice(1)).toEqual([files, count]);
    expect((await current()).verifier_key).toBe(before.verifier_key);
  });

  it.each(['prove_old', 'revoke'] as const)('goes on when %s fails: the log has no way back', async (step) => {
    const { record } = await drive({ fails: { step, once_done: false } });
    expect(record).toMatchObject({ state: 'running', step, failure: 'test_failure' });
    await eventually(async () => (await current()).verifier_key === record.memory['new_key']);
  });

  it('does not drop a key that was asked for', async () => {
    await eventually(async () => keyFiles().length === 1);
    const r = byHand(createStrategies, deps());
    for (const step of ['inspect', 'stage', 'prove_new', 'cut_over'] as const) await r.take(step);
    for (const step of ['cut_over', 'stage'] as const) await expect(r.undo(step)).rejects.toThrow('handover_asked');
    await eventually(async () => (await current()).verifier_key === r.memory['new_key']);
  });

  it('a dry run makes no key and asks for nothing', async () => {
    await eventually(async () => keyFiles().length === 1);
    const [files, count] = [keyFiles(), await handovers()];
    expect((await drive({ dry_run: true })).record.state).toBe('completed');
    expect([keyFiles(), await handovers()]).toEqual([files, count]);
  });

  it('does not begin where the key is not here, and is not over before a checkpoint has the new signature alone', async () => {
    const elsewhere = byHand(createStrategies, { ...deps(), stateRoot: folder });
    await expect(elsewhere.take('inspect')).rejects.toThrow('log_key_elsewhere');
    const r = byHand(createStrategies, deps());
    for (const step of ['inspect', 'stage', 'prove_new', 'cut_over'] as const) await r.take(step);
    await expect(r.take('prove_old')).rejects.toThrow('checkpoint_pending');
    await transaction(f.db, (tx) => writeEntries(tx, [entryOf(n++)]));
    await r.take('prove_old');
    const { checkpoint, new_key, old_key } = r.memory;
    r.memory = { ...r.memory, checkpoint: 'altered' };
    await expect(r.take('prove_old')).rejects.toThrow('earlier_checkpoint_unverified');
    r.memory = { ...r.memory, checkpoint: checkpoint ?? '', old_key: new_key ?? '' };
    await expect(r.take('prove_old')).rejects.toThrow('chain_broken');
    r.memory = { ...r.memory, old_key: old_key ?? '' };
    await r.take('revoke');
  });

  it('is one: a subject names no other', async () => {
    await expect(byHand(createStrategies, deps(), { subject: 'another' }).take('inspect')).rejects.toThrow(
      'subject_unexpected',
    );
  });
});
