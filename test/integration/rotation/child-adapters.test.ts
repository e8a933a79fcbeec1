import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import { requestRotation } from '../../../db/command/request-rotation.ts';
import { scheduleRotation } from '../../../db/command/schedule-rotation.ts';
import { controlSlotVersion } from '../../../db/read/control-slot-version.ts';
import { getRotation, listRotations } from '../../../db/read/rotations.ts';
import type { RotationRow } from '../../../domain/rotation/plan.ts';
import { groupRuns } from '../../../workers/children/group.ts';
import { createStrategies as slotStrategy } from '../../../workers/rotation/strategies/adapter-slot.ts';
import { createStrategies as tokenStrategy } from '../../../workers/rotation/strategies/provisioning-token.ts';
import { freshKey } from '../../support/adapters.ts';
import { childAdapters } from '../../support/rotated-children.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { OPERATOR } from '../../support/record.ts';
import { byHand, driven } from '../../support/rotation-in-memory.ts';
import type { Trouble } from '../../support/rotation-in-memory.ts';
import { databaseText, freshMasterKey, set } from '../../support/secrets.ts';

let on: TestProcesses;
let children: ReturnType<typeof childAdapters>;
const master = freshMasterKey();
const masterKey = () => master;
const secret = () => randomBytes(18).toString('base64url');

beforeAll(async () => {
  on = await startProcesses({ control: { masterKey: master } });
  children = childAdapters(on.db);
});
afterAll(async () => {
  await on?.close();
  children?.close();
});

const deps = () => ({
  db: on.db,
  masterKey,
  baseUrl: 'http://127.0.0.1:9',
  stateRoot: '/nowhere',
  adminTokenFile: undefined,
  readonlyTokenFile: undefined,
});
const put = (slot: string, value: string) => set({ db: on.db, masterKey }, slot, value, { class: 'control' });
const version = (slot: string) => controlSlotVersion(on.db, 'default', slot);
let n = 0;
const fresh = () => `ROT-20260101-${(n++).toString(16).padStart(8, '0')}`;
const slotBy = (subject: string, trouble: Trouble = {}) =>
  driven(slotStrategy, deps(), { ...trouble, subject, rotation_id: fresh() });
const tokenBy = (subject: string, trouble: Trouble = {}) =>
  driven(tokenStrategy, deps(), { ...trouble, subject, rotation_id: fresh() });
const given = (name: string) => children.starts(name).at(-1)?.credential;

/** Through the API's command, the relay, the engine and the activity. */
async function whole(row: RotationRow, subject: string) {
  const asked = { row, subject, overlap_seconds: 0, compromised: false, dry_run: false, reason: 'due', ticket: null };
  const requested = await requestRotation(on.db, OPERATOR, { ...asked, key: freshKey() });
  if (!requested.ok) throw new Error(requested.code);
  return eventually(async () => {
    const found = await getRotation(on.db, OPERATOR.workspace_id, requested.rotation_id);
    return found?.finished_at != null && found;
  });
}
const evidenceOf = (steps: { step: string; evidence: Record<string, unknown> }[], step: string) =>
  steps.findLast((s) => s.step === step)?.evidence;

describe('the rotation of a slot of child adapters', () => {
  it('S1-77 S1-89 replaces every child that has it: another lease, the value that was staged, no digest in sight', async () => {
    const [before, after] = [secret(), secret()];
    await put('whole.key', before);
    for (const name of ['whole-a', 'whole-b']) await children.put(name, 'whole.key');
    const leases = [await children.alive('whole-a'), await children.alive('whole-b')];
    await put('whole.key.next', after);
    const done = await whole('adapter_slot', 'whole.key');
    expect(done).toMatchObject({ state: 'completed', failure: null });
    expect([given('whole-a'), given('whole-b')]).toEqual([after, after]);
    for (const name of ['whole-a', 'whole-b'])
      expect(children.starts(name).map(({ pid }) => groupRuns(pid))).toEqual([false, true]);
    const proof = evidenceOf(done.steps, 'prove_new') as { runs: { old_lease: string; new_lease: string }[] };
    expect(proof.runs.map((run) => run.old_lease)).toEqual(leases);
    for (const run of proof.runs) expect(run.new_lease).not.toBe(run.old_lease);
    expect(evidenceOf(done.steps, 'prove_old')).toMatchObject({
      runs: leases.map((lease) => ({ lease, reads: false, renews: false })),
    });
    const text = await databaseText(on.db);
    for (const value of [before, after]) expect(text).not.toContain(value);
    const digests = await rows<{ hex: string }>(
      on.db,
      `SELECT encode(token_digest, 'hex') AS hex FROM adapter_children`,
    );
    for (const { hex } of digests) expect(JSON.stringify(done)).not.toContain(hex);
  });

  it.each(['stage', 'cut_over', 'prove_new', 'prove_old', 'revoke'] as const)(
    'comes to the same with a random value when %s is taken again after a kill',
    async (dies_after) => {
      const name = `kill-${dies_after.replace('_', '-')}`;
      await put(`${name}.key`, 'the first');
      await children.put(name, `${name}.key`);
      const lease = await children.alive(name);
      const { record } = await slotBy(`${name}.key`, { dies_after });
      expect(record).toMatchObject({ state: 'completed', memory: { old_version: 1, new_version: 2 } });
      expect([await version(`${name}.key`), await version(`${name}.key.next`)]).toEqual([2, 1]);
      expect(given(name)).toMatch(/^[\w-]{43}$/);
      expect(await children.alive(name)).not.toBe(lease);
    },
  );

  it.each([
    ['stage', false, 1],
    ['stage', true, 1],
    ['cut_over', false, 1],
    ['cut_over', true, 3],
    ['prove_new', false, 3],
    ['prove_new', true, 3],
  ] as const)(
    'is undone when %s fails (once done: %s): the child has its old value again',
    async (step, once_done, at) => {
      const name = `undo-${step.replace('_', '-')}-${once_done}`;
      await put(`${name}.key`, 'the value before');
      await children.put(name, `${name}.key`);
      await children.alive(name);
      const { record } = await slotBy(`${name}.key`, { fails: { step, once_done }, dies_after: 'undo' });
      expect(record).toMatchObject({ state: 'undone', failed_step: step, failure: 'test_failure' });
      expect(await version(`${name}.key`)).toBe(at);
      await eventually(async () => given(name) === 'the value before');
    },
  );

  it('goes no way back when the old one cannot be proved over', async () => {
    await put('forward.key', 'the first');
    await children.put('forward', 'forward.key');
    await children.alive('forward');
    const { record } = await slotBy('forward.key', { fails: { step: 'prove_old', once_done: false } });
    expect(record).toMatchObject({ state: 'running', step: 'prove_old', failure: 'test_failure' });
    expect(await version('forward.key')).toBe(2);
  });

  it('leaves a value that somebody set meanwhile', async () => {
    await put('meanwhile.key', 'the first');
    await children.put('meanwhile', 'meanwhile.key');
    await children.alive('meanwhile');
    const r = byHand(slotStrategy, deps(), { subject: 'meanwhile.key', rotation_id: fresh() });
    for (const step of ['inspect', 'stage', 'cut_over'] as const) await r.take(step);
    await put('meanwhile.key', 'of somebody else');
    expect(await r.undo('cut_over')).toEqual({ evidence: { left: 'changed since' } });
    expect(await version('meanwhile.key')).toBe(3);
    // A step is not taken while the child is being replaced; nobody repeats it here.
    await eventually(async () => given('meanwhile') === 'of somebody else');
    await children.alive('meanwhile');
    await expect(byHandFresh('meanwhile.key')).rejects.toThrow('slot_changed');
  });
  async function byHandFresh(subject: string) {
    const r = byHand(slotStrategy, deps(), { subject, rotation_id: fresh() });
    for (const step of ['inspect', 'stage'] as const) await r.take(step);
    for (const value of ['again', 'and again']) await put(subject, value);
    await r.take('cut_over');
  }

  it('is not complete where the child does not answer, and proves no old lease over that stands', async () => {
    await put('mute.key', 'the first');
    await children.put('mute', 'mute.key', ['mute']);
    await children.alive('mute');
    const r = byHand(slotStrategy, deps(), { subject: 'mute.key', rotation_id: fresh() });
    await r.take('inspect');
    await expect(r.take('prove_old')).rejects.toThrow('old_lease_accepted');
    await expect(r.take('revoke')).rejects.toThrow('old_lease_accepted');
    r.memory = { ...r.memory, new_version: 1 };
    await expect(r.take('prove_new')).rejects.toThrow('child_not_replaced');
    for (const step of ['stage', 'cut_over'] as const) await r.take(step);
    await eventually(async () => given('mute') !== 'the first');
    await children.alive('mute');
    await expect(r.take('prove_new')).rejects.toThrow(/trial_failed|trial_unanswered/);
  });

  it('a dry run sets nothing, and says what is missing', async () => {
    await put('dry.key', 'the first');
    expect((await slotBy('dry.key', { dry_run: true })).record.failure).toBe('slot_unused');
    expect((await slotBy('none.key', { dry_run: true })).record.failure).toBe('slot_not_found');
    await children.put('dry', 'dry.key');
    const lease = await children.alive('dry');
    expect((await slotBy('dry.key', { dry_run: true })).record.state).toBe('completed');
    expect([await version('dry.key'), await version('dry.key.next'), await children.alive('dry')]).toEqual([
      1,
      null,
      lease,
    ]);
  });
});

describe('the rotation of a provisioning token', () => {
  it('S1-92 refuses the old one, and the heartbeat goes on with the new lease', async () => {
    await children.put('prov', null);
    const lease = await children.alive('prov');
    const done = await whole('provisioning_token', 'prov');
    expect(done).toMatchObject({ state: 'completed', failure: null });
    const now = await children.alive('prov');
    expect(now).not.toBe(lease);
    expect(evidenceOf(done.steps, 'prove_new')).toEqual({ adapter: 'prov', old_lease: lease, new_lease: now });
    expect(evidenceOf(done.steps, 'prove_old')).toEqual({ adapter: 'prov', lease, reads: false, renews: false });
    expect(children.starts('prov').map(({ pid }) => groupRuns(pid))).toEqual([false, true]);
  });

  it.each(['inspect', 'stage', 'cut_over', 'prove_new', 'prove_old', 'revoke'] as const)(
    'starts the child once when %s is taken again after a kill',
    async (dies_after) => {
      const name = `prov-${dies_after.replace('_', '-')}`;
      await children.put(name, null);
      await children.alive(name);
      expect((await tokenBy(name, { dies_after })).record.state).toBe('completed');
      expect(children.starts(name)).toHaveLength(2);
    },
  );

  it.each(['stage', 'cut_over', 'prove_new'] as const)(
    'ends as undone when %s fails, with a child that runs',
    async (step) => {
      const name = `prov-fails-${step.replace('_', '-')}`;
      await children.put(name, null);
      await children.alive(name);
      const { record } = await tokenBy(name, { fails: { step, once_done: true } });
      expect(record).toMatchObject({ state: 'undone', failed_step: step });
      await children.alive(name);
    },
  );

  it('is replaced by the control process when its schedule is due', async () => {
    await children.put('scheduled', null);
    const lease = await children.alive('scheduled');
    const of = { row: 'provisioning_token' as const, subject: 'scheduled', every_days: 90, overlap_seconds: 0 };
    await scheduleRotation(on.db, OPERATOR, { ...of, key: freshKey() });
    await on.db.query(`UPDATE rotation_schedules SET look_at = clock_timestamp() - interval '1 second'`);
    const done = await eventually(async () => {
      const [found] = (await listRotations(on.db, { workspace_id: 'default', limit: 1 })).items;
      return found?.subject === 'scheduled' && found.finished_at !== null && found;
    });
    expect(done).toMatchObject({ state: 'completed', actor: 'rotation-schedule', on_behalf_of: OPERATOR.actor });
    expect(await children.alive('scheduled')).not.toBe(lease);
  });

  it('a dry run restarts nothing; without a child there is nothing to rotate', async () => {
    await children.put('prov-dry', null);
    const lease = await children.alive('prov-dry');
    expect((await tokenBy('prov-dry', { dry_run: true })).record.state).toBe('completed');
    expect(await children.alive('prov-dry')).toBe(lease);
    expect((await tokenBy('nobody')).record).toMatchObject({ state: 'failed', failure: 'adapter_not_found' });
    const r = byHand(tokenStrategy, deps(), { subject: 'prov-dry', rotation_id: fresh() });
    await r.take('inspect');
    await expect(r.take('prove_old')).rejects.toThrow('old_lease_accepted');
    expect(
      await one(on.db, 'SELECT 1 FROM adapter_children WHERE lease_id = $1 AND ended_at IS NULL', [lease]),
    ).toBeDefined();
  });
});
