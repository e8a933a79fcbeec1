import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readProvenanceKeys } from '../../../config/provenance-keys.ts';
import { openDatabase } from '../../../db/client.ts';
import { verificationKeysOf } from '../../../domain/export/provenance-key.ts';
import { openProvenanceKey, provenanceKeyFile } from '../../../workers/keys/provenance-key.ts';
import { createStrategies } from '../../../workers/rotation/strategies/provenance-key.ts';
import { byHand, driven } from '../../support/rotation-in-memory.ts';
import type { Trouble } from '../../support/rotation-in-memory.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';
import { exportOf, KEYS, NO_TRUST, verdictOf } from './builder.ts';

const SINCE = '2026-01-01T00:00:00.000Z';

/** An instance that has exported before; nothing of it asks a database. */
function instance() {
  const stateRoot = temporaryStateRoot();
  const db = openDatabase({ url: 'postgres://127.0.0.1:9/none', name: 'none' });
  onTestFinished(() => db.end());
  const first = openProvenanceKey(stateRoot, SINCE);
  const none = { baseUrl: 'http://127.0.0.1:9', adminTokenFile: undefined, readonlyTokenFile: undefined };
  const deps = { db, stateRoot, ...none };
  const pem = () => readFileSync(provenanceKeyFile(stateRoot), 'utf8');
  return {
    stateRoot,
    first,
    pem,
    drive: (trouble: Trouble = {}) => driven(createStrategies, deps, trouble),
    byHand: () => byHand(createStrategies, deps),
    now: () => openProvenanceKey(stateRoot).key_id,
    listed: () => readProvenanceKeys(stateRoot).map(({ key_id, until }) => [key_id, until !== null]),
    left: () => readdirSync(join(stateRoot, 'keys')).sort(),
  };
}

/** An export of the instance as it is now, verified by what it serves now. */
async function exported(stateRoot: string) {
  const keys = () => Promise.resolve({ ...KEYS, provenance: readProvenanceKeys(stateRoot) });
  const { bytes } = await exportOf({ deps: { keys, signer: () => openProvenanceKey(stateRoot) } });
  return () => {
    const provenance = verificationKeysOf(readProvenanceKeys(stateRoot));
    return verdictOf(bytes, { ...NO_TRUST, provenance });
  };
}

describe('the provenance key', () => {
  it('is its owner’s alone, its public half in the archive before it signs', () => {
    const { stateRoot, first, listed } = instance();
    expect(statSync(provenanceKeyFile(stateRoot)).mode & 0o777).toBe(0o600);
    expect(listed()).toEqual([[first.key_id, false]]);
    expect(openProvenanceKey(stateRoot).key_id).toBe(first.key_id);
    expect(readProvenanceKeys(stateRoot)[0]?.since).toBe(SINCE);
  });

  it('S1-84 is rotated: the new one signs, the old one no more, and what it signed verifies for ever', async () => {
    const { stateRoot, first, pem, drive, now, listed, left } = instance();
    const secret = pem();
    const before = await exported(stateRoot);
    const { record, steps } = await drive();
    expect(record).toMatchObject({ state: 'completed', failure: null });
    expect(steps.map((s) => s.step)).toEqual(['inspect', 'stage', 'prove_new', 'cut_over', 'prove_old', 'revoke']);
    const evidence = Object.fromEntries(steps.map((s) => [s.step, s.evidence]));
    expect(evidence['prove_old']).toEqual({
      key_id: now(),
      retired_key_id: first.key_id,
      earlier_signature: 'good',
    });
    expect(now()).not.toBe(first.key_id);
    expect(listed()).toEqual([
      [first.key_id, true],
      [now(), false],
    ]);
    const after = await exported(stateRoot);
    expect(await before()).toMatchObject({ problems: [], trusted_by: 'key', signed_by: [first.key_id] });
    expect(await after()).toMatchObject({ problems: [], trusted_by: 'key', signed_by: [now()] });
    expect(left()).toEqual(['provenance', 'provenance-signing.pem']);
    for (const key of [secret, pem()]) expect(JSON.stringify([record, steps])).not.toContain(key.split('\n')[1]);
  });

  it.each(['inspect', 'stage', 'prove_new', 'cut_over', 'prove_old', 'revoke'] as const)(
    'comes to the same when %s is taken again after a kill',
    async (dies_after) => {
      const { first, drive, now, listed, left } = instance();
      const { record } = await drive({ dies_after });
      expect(record).toMatchObject({ state: 'completed', memory: { old_key_id: first.key_id, new_key_id: now() } });
      expect(listed()).toEqual([
        [first.key_id, true],
        [now(), false],
      ]);
      expect(left()).toEqual(['provenance', 'provenance-signing.pem']);
    },
  );

  it.each([
    ['stage', false],
    ['stage', true],
    ['prove_new', false],
    ['prove_new', true],
    ['cut_over', false],
    ['cut_over', true],
  ] as const)('is undone when %s fails (once done: %s), also after a kill in the undoing', async (step, once_done) => {
    for (const dies of [{}, { dies_after: 'undo' as const }]) {
      const { first, drive, now, listed, left, pem } = instance();
      const secret = pem();
      const { record } = await drive({ fails: { step, once_done }, ...dies });
      expect(record).toMatchObject({ state: 'undone', failure: 'test_failure', failed_step: step });
      expect([now(), pem()]).toEqual([first.key_id, secret]);
      expect(listed()[0]).toEqual([first.key_id, false]);
      expect(
        listed()
          .slice(1)
          .every(([, over]) => over),
      ).toBe(true);
      expect(left()).toEqual(['provenance', 'provenance-signing.pem']);
    }
  });

  it('what the new key signed verifies when the cut was undone', async () => {
    const { stateRoot, first, byHand: hand, now } = instance();
    const r = hand();
    for (const step of ['inspect', 'stage', 'prove_new', 'cut_over'] as const) await r.take(step);
    const between = await exported(stateRoot);
    for (const step of ['cut_over', 'stage'] as const) await r.undo(step);
    expect(now()).toBe(first.key_id);
    expect(await between()).toMatchObject({ problems: [], trusted_by: 'key' });
  });

  it.each(['prove_old', 'revoke'] as const)('goes no way back when %s fails', async (step) => {
    const { drive, now } = instance();
    const { record } = await drive({ fails: { step, once_done: false } });
    expect(record).toMatchObject({ state: 'running', step, failure: 'test_failure' });
    expect(now()).toBe(record.memory['new_key_id']);
  });

  it('is not rotated where another key has come into its place, or the archive lost the old one', async () => {
    const { stateRoot, first, byHand: hand } = instance();
    const r = hand();
    for (const step of ['inspect', 'stage', 'prove_new', 'cut_over'] as const) await r.take(step);
    const archive = join(stateRoot, 'keys', 'provenance');
    const lost = join(archive, `${first.key_id.replace('sha256:', '')}.json`);
    const kept = readFileSync(lost);
    rmSync(lost);
    await expect(r.take('prove_old')).rejects.toThrow('retired_key_missing');
    writeFileSync(lost, kept);
    await r.take('prove_old');
    copyFileSync(`${provenanceKeyFile(stateRoot)}.old`, provenanceKeyFile(stateRoot));
    await expect(r.take('prove_old')).rejects.toThrow('key_changed');
    await expect(r.take('revoke')).rejects.toThrow('key_changed');
  });

  it('is one, and a dry run changes nothing', async () => {
    const { drive, left, first, now } = instance();
    const { record, steps } = await drive({ dry_run: true });
    expect([record.state, steps.map((s) => s.step), now()]).toEqual(['completed', ['inspect'], first.key_id]);
    expect(left()).toEqual(['provenance', 'provenance-signing.pem']);
  });
});
