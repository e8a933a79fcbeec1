import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { setPermissionMode } from '../../../db/command/permission-mode.ts';
import { getExport } from '../../../db/read/exports.ts';
import type { ExportJob } from '../../../activities/exports/engine.ts';
import type { ExportDecisionName } from '../../../domain/process/export.ts';
import { freshKey } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { memoryEngine } from '../../support/export-engine.ts';
import type { MemoryEngine } from '../../support/export-engine.ts';
import { approve, opened, person } from '../../support/exports.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { reportIncident } from '../../support/record.ts';

const exec = promisify(execFile);
const PATIENT_MS = 60_000;
let on: TestProcesses;
let engine: MemoryEngine;
beforeAll(async () => {
  engine = memoryEngine();
  on = await startProcesses({ control: { exportEngine: engine } });
});
afterAll(() => on?.close());
beforeEach(() => {
  engine.before = () => undefined;
  engine.findings.clear();
});

const workspace = () => `w-${crypto.randomUUID()}`;
const until = (w: string, id: string, state: string, more: object = {}) =>
  eventually(async () => {
    const found = await getExport(on.db, w, id);
    const same = Object.entries(more).every(
      ([name, value]) => (found as Record<string, unknown> | undefined)?.[name] === value,
    );
    return found?.state === state && same && found;
  }, PATIENT_MS);
const processOver = (id: string) =>
  eventually(
    async () => (await on.client.workflow.getHandle(`export/${id}`).describe()).status.name === 'COMPLETED',
    PATIENT_MS,
  );
const ask = (id: string, update: ExportDecisionName, input: object) =>
  on.client.workflow.getHandle(`export/${id}`).executeUpdate<unknown, [object]>(update, { args: [input] });
const signal = (id: string, name: string, input: object) =>
  exec(on.temporal.cli, [
    ...['workflow', 'signal', '--address', on.temporal.address, '--workflow-id', `export/${id}`, '--name', name],
    ...['--input', JSON.stringify(input)],
  ]);
const poke = (id: string) => on.client.workflow.getHandle(`export/${id}`).signal('poke', { version: 1 });
async function approved(w: string, over: Parameters<typeof opened>[2] = {}): Promise<string> {
  const id = await opened(on.db, w, over);
  await until(w, id, 'pending_approval');
  await approve(on.db, person(w, 'bob', 'safety_reviewer'), id);
  await approve(on.db, person(w, 'carol', 'security_owner'), id);
  return id;
}
const messages = async (w: string) =>
  (await rows<{ message: string }>(on.db, 'SELECT message FROM notifications WHERE workspace_id = $1', [w])).map(
    (n) => n.message,
  );
const only = (id: string, step: string, work: (job: ExportJob) => Promise<void> | void) => {
  engine.before = (now, job) => (now === step && job.export_id === id ? work(job) : undefined);
};

describe('exportApproval', () => {
  it('waits for the quorum by updates, shows whom it waits for, and delivers', async () => {
    const w = workspace();
    const id = await opened(on.db, w);
    await until(w, id, 'pending_approval');
    await eventually(
      async () => (await on.attributes(`export/${id}`))['AwaitingRole'] === 'safety_reviewer',
      PATIENT_MS,
    );
    const caller = person(w, 'bob', 'safety_reviewer');
    expect(await ask(id, 'approve', { role: 'safety_reviewer', caller })).toEqual({
      ok: true,
      state: 'pending_approval',
    });
    await expect(ask(id, 'approve', { caller })).rejects.toMatchObject({ cause: { type: 'already_approved' } });
    await expect(ask(id, 'approve', { caller: person(w, 'alice', 'security_owner') })).rejects.toMatchObject({
      cause: { type: 'self_approval' },
    });
    await expect(ask(id, 'approve', { caller: person(w, 'eve', 'approver') })).rejects.toMatchObject({
      cause: { type: 'not_permitted' },
    });
    await expect(ask(id, 'reject', {})).rejects.toThrow();
    await ask(id, 'approve', { caller: person(w, 'carol', 'security_owner') });
    const done = await until(w, id, 'exported');
    expect(done.basis).toMatchObject({ kind: 'approval' });
    await processOver(id);
    const steps = engine.taken.filter((t) => t.endsWith(id)).map((t) => t.split(' ')[0]);
    expect(steps).toEqual(['preflight', 'seal', 'deliver', 'complete']);
  });

  it('takes the same as signals of the one person of loopback trust, and says so', async () => {
    const w = workspace();
    const id = await opened(on.db, w);
    await until(w, id, 'pending_approval');
    await signal(id, 'approve', { role: 'security_owner' });
    const done = await until(w, id, 'exported');
    expect(done.approvals).toMatchObject([{ actor: 'local-operator', single_operator: true }]);
    const other = await opened(on.db, w);
    await until(w, other, 'pending_approval');
    await signal(other, 'reject', { reason: 'not this one' });
    expect(await until(w, other, 'rejected')).toMatchObject({
      ended_by: 'local-operator',
      ended_reason: 'not this one',
    });
    await processOver(other);
  });

  it('S0-05 ends with the reason that its preflight found, and in advisory mode says what would have blocked', async () => {
    const w = workspace();
    engine.findings.set('agent', ['registry_unreachable']);
    const id = await opened(on.db, w);
    expect(await until(w, id, 'blocked')).toMatchObject({ reason_code: 'registry_unreachable', held: false });
    await processOver(id);
    engine.findings.set('agent', ['profile_unpinned']);
    const advised = await opened(on.db, w, { mode: 'advisory' });
    expect((await until(w, advised, 'exported')).would_block).toEqual(['profile_unpinned', 'approval_missing']);
    engine.findings.set('agent', ['blob_corrupt']);
    const corrupt = await opened(on.db, w, { mode: 'advisory' });
    expect(await until(w, corrupt, 'blocked')).toMatchObject({ reason_code: 'blob_corrupt', would_block: [] });
  });

  it('stops before the next part when the airlock is closed, and goes on from there when it opens', async () => {
    const w = workspace();
    const id = await opened(on.db, w);
    only(id, 'deliver', async () => {
      await reportIncident(on.db, 'attestation_failure', {}, w);
    });
    await until(w, id, 'pending_approval');
    await approve(on.db, person(w, 'bob', 'safety_reviewer'), id);
    await approve(on.db, person(w, 'carol', 'security_owner'), id);
    await poke(id);
    expect(await until(w, id, 'blocked')).toMatchObject({ reason_code: 'airlock_closed', held: true });
    expect((await messages(w)).join()).toContain('is blocked: airlock_closed');
    engine.before = () => undefined;
    await on.db.query('UPDATE holds SET released_at = clock_timestamp() WHERE workspace_id = $1', [w]);
    await on.db.query('UPDATE exports SET next_attempt_at = clock_timestamp() WHERE export_id = $1', [id]);
    await poke(id);
    expect(await until(w, id, 'exported')).toMatchObject({ closed_during_commit: false });
    expect(engine.taken.filter((t) => t === `seal ${id}`)).toHaveLength(1);
  });

  it('says so, and alerts, when a hold is placed while the archive is given its name', async () => {
    const w = workspace();
    const id = await opened(on.db, w);
    only(id, 'completed', async () => {
      await reportIncident(on.db, 'attestation_failure', {}, w);
    });
    await until(w, id, 'pending_approval');
    await approve(on.db, person(w, 'bob', 'safety_reviewer'), id);
    await approve(on.db, person(w, 'carol', 'security_owner'), id);
    await poke(id);
    expect(await until(w, id, 'exported')).toMatchObject({ closed_during_commit: true });
    expect((await messages(w)).join()).toContain('left while the airlock was being closed');
  });

  it('goes on after its worker was lost between the name and the record of it', async () => {
    const w = workspace();
    const id = await opened(on.db, w);
    let lost = 0;
    only(id, 'completed', () => {
      lost += 1;
      if (lost === 1) throw new Error('the worker died');
    });
    await until(w, id, 'pending_approval');
    await approve(on.db, person(w, 'bob', 'safety_reviewer'), id);
    await approve(on.db, person(w, 'carol', 'security_owner'), id);
    await poke(id);
    await until(w, id, 'exported');
    expect(lost).toBe(2);
  });

  it('is cancelled in the middle, and what was sent of it is discarded', async () => {
    const w = workspace();
    const id = await approved(w);
    await until(w, id, 'exported');
    const other = await opened(on.db, w);
    only(other, 'deliver', async () => {
      await on.db.query(
        `UPDATE exports SET state = 'cancelled', finished_at = clock_timestamp(), version = version + 1 WHERE export_id = $1`,
        [other],
      );
    });
    await until(w, other, 'pending_approval');
    await approve(on.db, person(w, 'bob', 'safety_reviewer'), other);
    await approve(on.db, person(w, 'carol', 'security_owner'), other);
    await poke(other);
    await eventually(async () => engine.taken.includes(`discard ${other}`), PATIENT_MS);
    await processOver(other);
    expect((await getExport(on.db, w, other))?.state).toBe('cancelled');
  });

  it('reminds, pages, and expires by the database’s clock', async () => {
    const w = workspace();
    const id = await opened(on.db, w);
    await until(w, id, 'pending_approval');
    const since = (hours: number) =>
      on.db.query(
        `UPDATE exports SET last_nudge_at = last_nudge_at - interval '20 hours', pending_since = clock_timestamp() - make_interval(hours => $2) WHERE export_id = $1`,
        [id, hours],
      );
    const kinds = async () =>
      (
        await rows<{ kind: string }>(on.db, 'SELECT kind FROM notifications WHERE workspace_id = $1 ORDER BY id', [w])
      ).map((n) => n.kind);
    await since(5);
    await poke(id);
    await eventually(async () => (await kinds()).length === 1, PATIENT_MS);
    await since(25);
    await poke(id);
    await eventually(async () => (await kinds()).join() === 'reminder,page', PATIENT_MS);
    await on.db.query('UPDATE exports SET expires_at = clock_timestamp() WHERE export_id = $1', [id]);
    await poke(id);
    await until(w, id, 'expired');
    await processOver(id);
  });

  it('S1-95 is refused where nothing may wait for an approval, also when it waits already', async () => {
    const w = workspace();
    const id = await opened(on.db, w);
    await until(w, id, 'pending_approval');
    const by = { workspace_id: w, actor: 'owner@org', on_behalf_of: null };
    expect(await setPermissionMode(on.db, by, { mode: 'dont-ask', key: freshKey() })).toMatchObject({ refused: 1 });
    expect(await until(w, id, 'rejected')).toMatchObject({ ended_reason: 'approval_refused' });
    const other = await opened(on.db, w);
    expect(await until(w, other, 'rejected')).toMatchObject({ ended_reason: 'approval_refused' });
  });
});
