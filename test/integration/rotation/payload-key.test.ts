import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Payload } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { payloadKeyRing } from '../../../config/payload-key-ring.ts';
import { payloadCodecs } from '../../../storage/payload-codec.ts';
import { createStrategies } from '../../../workers/rotation/strategies/payload-key.ts';
import { byHand, driven } from '../../support/rotation-in-memory.ts';
import type { Trouble } from '../../support/rotation-in-memory.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { removeTree } from '../../support/remove-tree.ts';

let api: ApiUnderTest;
let folder: string;
let file: string;
const env = () => ({ payloadKeysFile: file, stateRoot: folder, env: 'production' as const });
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'interlock-payload-keys-'));
  file = join(folder, 'payload.keys');
  writeFileSync(file, `${'a1'.repeat(32)}\n`, { mode: 0o600 });
  api = await startApi({ codecs: payloadCodecs(payloadKeyRing(env())) });
});
afterAll(async () => {
  await api?.close();
  removeTree(folder);
});
beforeEach(() => api.db.query('DELETE FROM attestation_nodes'));

const deps = (over: object = {}) => ({
  db: api.db,
  baseUrl: api.url,
  stateRoot: folder,
  adminTokenFile: undefined,
  readonlyTokenFile: undefined,
  payloadKeysFile: file,
  ...over,
});
const drive = (trouble: Trouble & { most?: number } = {}, over = {}) => driven(createStrategies, deps(over), trouble);
const lines = () => readFileSync(file, 'utf8').trim().split('\n');

/** Another process with the same file: it seals, and opens what was sealed. */
const another = () => payloadCodecs(payloadKeyRing(env()))[0]!;
const note = (text: string): Payload => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(text),
});
const keyOf = (payload: Payload | undefined) =>
  Buffer.from(payload?.metadata?.['encryption-key-id'] ?? []).toString('utf8');
const node = (name: string, age = '0 seconds') =>
  api.db.query(
    `INSERT INTO attestation_nodes (workspace_id, node, state, ek_public, ek_trust, ak_public, ak_name, enrolled_at,
        reboot_pending, missed_quotes, last_result_at, version, actor)
      VALUES ('system', $1, 'enrolled', '', 'simulated', '', '', now(), false, 0, now() - $2::interval, 1, 'test')`,
    [name, age],
  );
const answers = () => api.db.query('UPDATE attestation_nodes SET last_result_at = clock_timestamp()');

describe('the rotation of the key of payloads', () => {
  it('has every process open with the new key before it seals, and what the old one sealed goes on opening', async () => {
    const running = another();
    const [before] = await running.encode([note('"sealed before"')]);
    const old = lines();
    const { record, steps } = await drive();
    expect(record).toMatchObject({ state: 'completed', failure: null });
    const evidence = Object.fromEntries(steps.map((s) => [s.step, s.evidence]));
    const { old_key_id, new_key_id } = record.memory;
    expect(evidence['prove_new']).toMatchObject({ sealed_by: new_key_id });
    expect(evidence['prove_old']).toEqual({ seals: new_key_id, opens: old_key_id });
    expect(evidence['revoke']).toMatchObject({ kept_for_opening: expect.arrayContaining([old_key_id]) as unknown });
    expect([lines().slice(1), statSync(file).mode & 0o777]).toEqual([old, 0o600]);
    // One that was started before has not been restarted: it meets what the new key sealed, and opens it.
    const [after] = await another().encode([note('"sealed after"')]);
    expect([keyOf(before), keyOf(after)]).toEqual([old_key_id, new_key_id]);
    const opened = await running.decode([before!, after!]);
    expect(opened.map(({ data }) => Buffer.from(data ?? []).toString())).toEqual(['"sealed before"', '"sealed after"']);
    for (const key of lines()) expect(JSON.stringify([steps, record])).not.toContain(key);
  });

  it.each(['inspect', 'stage', 'cut_over', 'prove_new', 'prove_old', 'revoke'] as const)(
    'comes to the same when %s is taken again after a kill',
    async (dies_after) => {
      const old = lines();
      const { record } = await drive({ dies_after });
      expect(record).toMatchObject({ state: 'completed' });
      expect(lines().slice(-old.length)).toEqual(old);
      expect(keyOf((await another().encode([note('""')]))[0])).toBe(record.memory['new_key_id']);
    },
  );

  it.each(['stage', 'cut_over', 'prove_new'] as const)(
    'is undone when %s fails: the old key seals again, and what the new one sealed opens',
    async (step) => {
      const [first] = lines();
      const { record } = await drive({ fails: { step, once_done: true } });
      expect(record).toMatchObject({ state: 'undone', failure: 'test_failure' });
      expect(lines()[0]).toBe(first);
      expect(keyOf((await another().encode([note('""')]))[0])).toBe(record.memory['old_key_id']);
    },
  );

  it('waits for every node that answered before the cut to answer after it, and is undone without', async () => {
    const [first] = lines();
    await node('alive');
    await node('gone', '1 hour');
    const r = byHand(createStrategies, deps());
    for (const step of ['inspect', 'stage', 'cut_over'] as const) await r.take(step);
    expect(JSON.parse(String(r.memory['nodes']))).toEqual(['alive']);
    await answers();
    expect(await r.take('prove_new')).toMatchObject({ nodes: ['alive'] });
    await r.undo('cut_over');
    expect(lines()[0]).toBe(first);
    const { record, steps } = await drive({ most: 60 }, { nodeAnswersWithinMs: 0 });
    expect(record).toMatchObject({ state: 'undone', failure: 'node_silent' });
    expect(steps.find(({ step, outcome }) => step === 'prove_new' && outcome === 'failed')?.evidence).toMatchObject({
      nodes: expect.arrayContaining(['alive']) as unknown,
    });
    expect(lines()[0]).toBe(first);
  });

  it('cuts nothing when the API does not open with the staged key', async () => {
    const stale = join(folder, 'stale.keys');
    writeFileSync(stale, readFileSync(file), { mode: 0o600 });
    const elsewhere = payloadCodecs(payloadKeyRing({ ...env(), payloadKeysFile: stale }));
    const other = await startApi({ codecs: elsewhere });
    try {
      const [first] = lines();
      const r = byHand(createStrategies, deps({ baseUrl: other.url }));
      await r.take('inspect');
      await expect(r.take('stage')).rejects.toMatchObject({ code: 'api_does_not_open' });
      await expect(r.take('cut_over')).rejects.toMatchObject({ code: 'api_does_not_open' });
      expect(lines()[0]).toBe(first);
    } finally {
      await other.close();
    }
  });

  it('a file that is none leaves the keys that were read before', async () => {
    const path = join(folder, 'broken.keys');
    writeFileSync(path, `${'b2'.repeat(32)}\n`, { mode: 0o600 });
    const troubles: unknown[] = [];
    const ring = payloadKeyRing({ ...env(), payloadKeysFile: path }, { onTrouble: (error) => troubles.push(error) });
    const ids = ring?.().map((k) => k.key_id);
    writeFileSync(path, 'no key at all\n');
    expect(ring?.(true).map((k) => k.key_id)).toEqual(ids);
    expect([troubles.length, JSON.stringify(troubles).includes('b2b2')]).toEqual([1, false]);
  });
});
