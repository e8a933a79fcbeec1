import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { one } from '../../../db/client.ts';
import { readControlSecret } from '../../../db/command/read-control-secret.ts';
import { rollBackSecret } from '../../../db/command/rollback-secret.ts';
import { showSlot } from '../../../db/read/secrets.ts';
import type { Step } from '../../../domain/rotation/plan.ts';
import { freshKey } from '../../support/adapters.ts';
import { startMcpServer } from '../../support/mcp-server.ts';
import type { McpServerUnderTest } from '../../support/mcp-server.ts';
import { rotate } from '../../support/rotations.ts';
import type { Driven } from '../../support/rotations.ts';
import { databaseText, set } from '../../support/secrets.ts';
import { startServer, startUpstreams } from '../../support/upstreams.ts';
import type { TestServer, UpstreamsUnderTest } from '../../support/upstreams.ts';

let world: UpstreamsUnderTest;
let provider: TestServer;
let mcp: McpServerUnderTest;
/** What the provider and the MCP server take. */
const keys = new Set<string>();
let n = 0;
const fresh = () => `the key number ${++n} of the provider`;
let [old, next] = ['', ''];

beforeAll(async () => {
  world = await startUpstreams();
  provider = await startServer((req, res) => {
    const known = keys.has((req.headers.authorization ?? '').replace('Bearer ', ''));
    res.writeHead(req.url === '/health' || known ? 200 : 401).end('[]');
  });
  mcp = await startMcpServer({ accepts: (token) => keys.has(token) });
  const common = { url: provider.url, internal: true, auth_ref: 'slot:model.key', readiness: { path: '/health' } };
  const model = { ...common, kind: 'provider', auth_check: { path: '/models' }, canary: { path: '/chat' } };
  const tracker = { name: 'tracker', kind: 'mcp', url: mcp.endpoint, internal: true };
  await world.load(
    { ...model, name: 'model' },
    { ...model, name: 'spare' },
    { ...model, name: 'open', auth_ref: 'slot:open.key', auth_check: { path: '/health' } },
    { ...model, name: 'filed', auth_ref: 'file:/nowhere/key' },
    { ...tracker, auth_ref: 'slot:tracker.bearer', canary: { tool: 'whoami' } },
    { ...tracker, name: 'mute', auth_ref: 'slot:mute.bearer' },
  );
});
afterAll(async () => {
  await world?.close();
  await Promise.all([provider?.close(), mcp?.close()]);
});
beforeEach(async () => {
  [old, next] = [fresh(), fresh()];
  for (const key of [old, next]) keys.add(key);
});

const secrets = () => ({ db: world.api.db, masterKey: world.masterKey });
const put = (slot: string, value: string, staged = false) => set(secrets(), slot, value, { class: 'control', staged });
const turn = (subject: string, how: Driven = {}) =>
  rotate({ ...secrets(), baseUrl: world.api.url }, 'upstream_key', subject, how);
const value = async (slot: string, which: 'current' | 'previous' = 'current') => {
  const read = { workspace_id: 'default', slot, which, actor: 'test', purpose: 'test' };
  return (await readControlSecret(secrets(), read)).value.toString();
};
const slotOf = async (slot: string) => (await showSlot(world.api.db, 'default', slot))!;
const ends = (...ended: string[]) => {
  for (const key of ended) keys.delete(key);
};
/** The provider ends a key when the rotation comes to prove that it did. */
const endsOld = (step: Step) => {
  if (step === 'prove_old') keys.delete(old);
};
const prepare = async (slot = 'model.key') => {
  await put(slot, old);
  await put(slot, next, true);
};

describe('the key of an upstream', () => {
  it('S1-73 S1-76 S1-87 S1-110 is replaced by the staged one: taken before the cut, the old one refused and destroyed', async () => {
    await prepare();
    const before = await slotOf('model.key');
    const done = await turn('model', {
      request: { overlap_seconds: 60 },
      before: async (step) => {
        endsOld(step);
        if (step === 'overlap')
          expect([await value('model.key'), await value('model.key', 'previous')]).toEqual([next, old]);
      },
    });
    expect(done).toMatchObject({ state: 'completed', failure: null });
    expect(done.steps.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual([
      'inspect done',
      'stage done',
      'prove_new done',
      'cut_over done',
      'overlap done',
      'prove_old done',
      'revoke done',
    ]);
    const all = { readiness: 'ok', auth: 'ok', canary: 'ok' };
    const probes = Object.entries(all).flatMap(([probe, ok]) => [
      [`model ${probe}`, ok],
      [`spare ${probe}`, ok],
    ]);
    expect(done.steps.find((s) => s.step === 'prove_new')?.evidence).toEqual({
      probes: Object.fromEntries(probes) as object,
    });
    expect(done.steps.find((s) => s.step === 'prove_old')?.evidence).toEqual({
      old: { model: 'auth_failed', spare: 'auth_failed' },
    });
    expect(await value('model.key')).toBe(next);
    const after = await slotOf('model.key');
    expect(after).toMatchObject({ version: before.staged_version, previous_version: null, staged_version: null });
    expect(after.versions.find((v) => v.version === before.version)?.destroyed_at).not.toBeNull();
    await expect(value('model.key', 'previous')).rejects.toThrow('model.key@previous');
    const back = { slot: 'model.key', version: before.version, key: freshKey() };
    const by = { workspace_id: 'default', actor: 'owner', on_behalf_of: null };
    expect(await rollBackSecret(secrets(), by, back)).toEqual({ ok: false, code: 'secret_version_not_found' });
    expect(await world.check(['auth'], 'model')).toEqual({ 'model auth': 'ok' });
    const text = await databaseText(world.api.db);
    for (const secret of [old, next]) expect(text).not.toContain(secret);
  });

  it('S1-90 of an MCP server is proved by a call of one of its tools', async () => {
    await prepare('tracker.bearer');
    mcp.called.length = 0;
    expect(await turn('tracker', { before: endsOld })).toMatchObject({ state: 'completed' });
    expect(mcp.called).toEqual(['whoami']);
    await prepare('mute.bearer');
    expect(await turn('mute')).toMatchObject({ state: 'failed', failure: 'canary_missing' });
  });

  it('comes to the same when the worker dies between the effect of each step and its record', async () => {
    await prepare();
    const { staged_version } = await slotOf('model.key');
    const done = await turn('model', { dying: true, before: endsOld });
    expect(done).toMatchObject({ state: 'completed' });
    expect(await slotOf('model.key')).toMatchObject({ version: staged_version, previous_version: null });
    const moves = await one<{ n: number }>(
      world.api.db,
      `SELECT count(*)::int4 AS n FROM ledger_entries WHERE object = 'secret/model.key' AND record_version = $1
        AND action = 'secret_cut_over'`,
      [staged_version],
    );
    expect(moves?.n).toBe(1);
  });

  it('stays as it is when the upstream refuses the new one, which is destroyed', async () => {
    await prepare();
    keys.delete(next);
    const { version, staged_version } = await slotOf('model.key');
    const done = await turn('model', { dying: true });
    expect(done).toMatchObject({ state: 'undone', failed_step: 'prove_new', failure: 'new_refused' });
    const after = await slotOf('model.key');
    expect(after).toMatchObject({ version, staged_version: null });
    expect(after.versions.find((v) => v.version === staged_version)?.destroyed_at).not.toBeNull();
    expect(await value('model.key')).toBe(old);
    expect(await put('model.key', fresh(), true)).toMatchObject({ version: staged_version! + 1 });
  });

  it('is put back when the cut fails in the middle', async () => {
    await prepare();
    const { version } = await slotOf('model.key');
    const done = await turn('model', { before: (step) => (step === 'cut_over' ? ends(next) : undefined) });
    expect(done).toMatchObject({ state: 'undone', failed_step: 'cut_over', failure: 'new_refused' });
    expect(await slotOf('model.key')).toMatchObject({ version, previous_version: null, staged_version: null });
    expect(await value('model.key')).toBe(old);
  });

  it('is not rotated while the upstream takes the old one: the rotation waits for the provider', async () => {
    await prepare();
    let asked = 0;
    const done = await turn('model', {
      before: (step) => {
        if (step === 'prove_old' && ++asked === 8) keys.delete(old);
      },
    });
    expect(done).toMatchObject({ state: 'completed' });
    expect(done.steps.filter((s) => s.code === 'old_accepted')).toHaveLength(7);
  });

  it('is not proved to be refused by an upstream that refuses everybody', async () => {
    await prepare();
    const done = await turn('model', {
      takings: 8,
      before: (step) => (step === 'prove_old' ? ends(old, next) : undefined),
    });
    expect(done).toMatchObject({ state: 'running', step: 'prove_old', failure: 'new_refused' });
    await world.api.db.query(
      "UPDATE rotations SET state = 'failed', finished_at = now(), step = NULL WHERE rotation_id = $1",
      [done.rotation_id],
    );
  });

  it('that an upstream does not ask for is not proved by it', async () => {
    await prepare('open.key');
    expect(await turn('open')).toMatchObject({ state: 'undone', failure: 'new_unproven' });
  });

  it('dry: says what is missing and changes nothing', async () => {
    const dry = { request: { dry_run: true } };
    await put('model.key', old);
    await world.api.db.query("UPDATE secret_slots SET staged_version = NULL WHERE slot = 'model.key'");
    const missing = await turn('model', dry);
    expect(missing).toMatchObject({ state: 'failed', failure: 'no_staged_version' });
    expect(missing.steps[0]?.evidence).toEqual({
      slot: 'model.key',
      command: 'interlock secrets set model.key --stage --from-file FILE',
    });
    await put('model.key', old, true);
    expect(await turn('model', dry)).toMatchObject({ failure: 'staged_value_unchanged' });
    await put('model.key', next, true);
    const before = await slotOf('model.key');
    expect(await turn('model', dry)).toMatchObject({ state: 'completed', dry_run: true });
    expect(await slotOf('model.key')).toEqual(before);
    expect(await turn('nobody', dry)).toMatchObject({ failure: 'upstream_not_found' });
    expect(await turn('filed', dry)).toMatchObject({ failure: 'not_a_slot' });
  });
});
