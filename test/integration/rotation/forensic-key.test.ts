import { mkdtempSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyFile } from '../../../cli/forensic/verify-file.ts';
import { readForensicKeys } from '../../../cli/forensic/keys.ts';
import { readForensicKey } from '../../../config/forensic-key-file.ts';
import { createStrategies } from '../../../workers/rotation/strategies/forensic-key.ts';
import { startForensic } from '../../support/forensic.ts';
import type { ForensicUnderTest } from '../../support/forensic.ts';
import { byHand, driven } from '../../support/rotation-in-memory.ts';
import type { Trouble } from '../../support/rotation-in-memory.ts';
import { removeTree } from '../../support/remove-tree.ts';

let f: ForensicUnderTest;
let folder: string;
beforeAll(async () => {
  f = await startForensic();
  folder = mkdtempSync(join(tmpdir(), 'interlock-bundles-'));
});
afterAll(async () => {
  await f?.close();
  removeTree(folder);
});

const deps = (over: { baseUrl?: string } = {}) => ({
  db: f.db,
  baseUrl: over.baseUrl ?? f.url,
  stateRoot: f.stateRoot,
  adminTokenFile: undefined,
  readonlyTokenFile: undefined,
});
const rotation = (over = {}) => byHand(createStrategies, deps(over));
const drive = (trouble: Trouble = {}) => driven(createStrategies, deps(), trouble);
const keyId = (path = f.keyFile) => readForensicKey(path).key_id;
const retired = (id: string) => join(`${f.keyFile}.retired`, `${id.replace('hmac-sha256:', '')}.key`);
const bytes = () => readFileSync(f.keyFile);
let n = 0;
async function saved(): Promise<string> {
  const path = join(folder, `bundle-${n++}.json`);
  writeFileSync(path, await f.bundle());
  return path;
}
const verified = async (path: string, key = f.keyFile) =>
  (await verifyFile(path, { forensicKeys: readForensicKeys(key), ledgerKeys: [] }, () => undefined)).signature;

describe('the rotation of the forensic key', () => {
  it('S1-84 retires the old key with its id and the time, and what it signed still verifies', async () => {
    const before = await saved();
    const old = { id: keyId(), bytes: bytes() };
    const { record, steps } = await drive();
    expect(record).toMatchObject({ state: 'completed', failure: null });
    const evidence = Object.fromEntries(steps.map((s) => [s.step, s.evidence]));
    expect(keyId()).not.toBe(old.id);
    expect(evidence['cut_over']).toEqual({ retired_key_id: old.id, key_id: keyId() });
    expect(evidence['prove_new']).toMatchObject({ signature: 'good', problem_count: 0 });
    expect(evidence['prove_old']).toMatchObject({ signature: 'bad', earlier_signature: 'good' });
    const after = await saved();
    expect([await verified(before), await verified(after)]).toEqual(['good', 'good']);
    const path = retired(old.id);
    expect(readdirSync(`${f.keyFile}.retired`)).toHaveLength(1);
    expect(await verified(after, path)).toBe('bad');
    expect([keyId(path), statSync(path).mode & 0o777, statSync(f.keyFile).mode & 0o777]).toEqual([
      old.id,
      0o600,
      0o600,
    ]);
    expect(() => statSync(`${f.keyFile}.next`)).toThrow();
    for (const secret of [old.bytes, bytes()]) expect(JSON.stringify([steps, record])).not.toContain(secret.toString());
  });

  it.each(['inspect', 'stage', 'cut_over', 'prove_new', 'prove_old', 'revoke'] as const)(
    'comes to the same when %s is taken again after a kill',
    async (dies_after) => {
      const old = keyId();
      const { record } = await drive({ dies_after });
      expect(record).toMatchObject({ state: 'completed', memory: { old_key_id: old, new_key_id: keyId() } });
      expect(keyId(retired(old))).toBe(old);
    },
  );

  it.each([
    ['stage', false],
    ['stage', true],
    ['cut_over', false],
    ['cut_over', true],
    ['prove_new', false],
    ['prove_new', true],
  ] as const)('is undone when %s fails (once done: %s), also after a kill in the undoing', async (step, once_done) => {
    const old = bytes();
    for (const dies of [{}, { dies_after: 'undo' as const }]) {
      const { record } = await drive({ fails: { step, once_done }, ...dies });
      expect(record).toMatchObject({ state: 'undone', failure: 'test_failure', failed_step: step });
      expect(bytes()).toEqual(old);
      expect(() => statSync(`${f.keyFile}.next`)).toThrow();
      expect(() => statSync(retired(keyId()))).toThrow();
    }
    expect(await verified(await saved())).toBe('good');
  });

  it('what the new key signed verifies when the rotation was undone', async () => {
    const r = rotation();
    for (const step of ['inspect', 'stage', 'cut_over'] as const) await r.take(step);
    const between = await saved();
    for (const step of ['cut_over', 'stage'] as const) await r.undo(step);
    expect(keyId()).toBe(r.memory['old_key_id']);
    expect(await verified(between)).toBe('good');
  });

  it.each(['prove_old', 'revoke'] as const)('goes no way back when %s fails', async (step) => {
    const { record } = await drive({ fails: { step, once_done: false } });
    expect(record).toMatchObject({ state: 'running', step, failure: 'test_failure' });
    expect(keyId()).toBe(record.memory['new_key_id']);
  });

  it('a compromised key does not come back when the new one fails', async () => {
    const { record } = await drive({ fails: { step: 'prove_new', once_done: false }, compromised: true });
    expect(record).toMatchObject({ state: 'running', failure: 'test_failure' });
    expect(keyId()).toBe(record.memory['new_key_id']);
  });

  it('a dry run changes nothing', async () => {
    const old = bytes();
    const before = readdirSync(join(f.stateRoot, 'keys'));
    const { record, steps } = await drive({ dry_run: true });
    expect([record.state, steps.map((s) => s.step)]).toEqual(['completed', ['inspect']]);
    expect([bytes(), readdirSync(join(f.stateRoot, 'keys'))]).toEqual([old, before]);
  });

  it('stops where the API signs by another key, is not there, or the old key still signs', async () => {
    await expect(rotation({ baseUrl: 'http://127.0.0.1:9' }).take('inspect')).rejects.toThrow('api_unreachable');
    const r = rotation();
    for (const step of ['inspect', 'stage', 'cut_over', 'prove_new'] as const) await r.take(step);
    const fresh = bytes();
    const kept = retired(String(r.memory['old_key_id']));
    // As an API process would that has not heard of the new key.
    writeFileSync(f.keyFile, readFileSync(kept));
    await expect(r.take('prove_new')).rejects.toThrow('key_changed');
    await expect(r.take('prove_old')).rejects.toThrow('old_key_signs');
    writeFileSync(f.keyFile, fresh);
    await r.take('prove_old');
    const ofOld = readFileSync(kept);
    writeFileSync(kept, 'another key of as many bytes as it takes');
    await expect(r.take('prove_old')).rejects.toThrow('retired_key_missing');
    writeFileSync(kept, ofOld);
    r.memory['bundle_mac'] = '0'.repeat(64);
    await expect(r.take('prove_old')).rejects.toThrow('earlier_bundle_unverified');
  });

  it('is one: a subject names no other', async () => {
    await expect(byHand(createStrategies, deps(), { subject: 'another' }).take('inspect')).rejects.toThrow(
      'subject_unexpected',
    );
  });
});
