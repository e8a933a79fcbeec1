import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStartProcess } from '../../../activities/start-process.ts';
import { one, rows } from '../../../db/client.ts';
import { acknowledgeRecovery } from '../../../db/command/acknowledge.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import { staleProcesses } from '../../../db/read/stale-processes.ts';
import { reconcile } from '../../../workers/reconcile/reconcile.ts';
import { notRunning } from '../../../workers/reconcile/running.ts';
import { StaleWalk } from '../../../workers/reconcile/stale-walk.ts';
import { decide } from '../../support/decisions.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { decision, reportIncident } from '../../support/record.ts';

const log = pino({ level: 'silent' });
let on: TestProcesses;

beforeAll(async () => {
  on = await startProcesses();
});
afterAll(() => on?.close());

const round = () => reconcile({ db: on.db, client: on.client, log });
/** Lets a process look as old as reconcile wants it. */
const age = (id: string) =>
  on.db.query(
    `UPDATE process SET started_at = started_at - interval '1 minute', created_at = created_at - interval '1 minute' WHERE subject = $1`,
    [id],
  );
const recreated = (id: string) =>
  rows<{ detail: string }>(
    on.db,
    `SELECT detail FROM ledger_entries WHERE action = 'process_recreated' AND object = $1`,
    [`incident/${id}`],
  );

/** A poke that is still on its way would start the process again before reconcile does. */
const relayed = () => eventually(async () => (await one(on.db, 'SELECT 1 FROM outbox LIMIT 1')) === undefined);

describe('reconcile', () => {
  it('brings back a ceremony that was terminated, with what was decided before', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch');
    const workflow = `recovery/${id}`;
    const first = await on.running(workflow);
    await acknowledgeRecovery(on.db, decision(id), { operator: 'me@org' });
    await relayed();
    await on.client.workflow.getHandle(workflow).terminate('by hand');
    await age(id);
    await round();
    const second = await on.running(workflow);
    expect(second).not.toBe(first);
    // The control process has rounds of its own: whoever came first, it is one entry.
    const [entry] = await recreated(id);
    expect(JSON.parse(entry?.detail ?? '{}')).toEqual({
      workflow_id: workflow,
      type: 'recoveryCeremony',
      found: 'terminated',
    });
    await decide(on.client, workflow, 'resolve');
    await on.client.workflow.getHandle(workflow).result();
    await on.client.workflow.getHandle(`incident/${id}`).result();
  });

  it('brings back a cancelled ceremony: its holds never moved', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch');
    await on.running(`recovery/${id}`);
    const handle = on.client.workflow.getHandle(`recovery/${id}`);
    await relayed();
    await handle.cancel();
    await handle.result().catch(() => undefined);
    await age(id);
    await round();
    await on.running(`recovery/${id}`);
    expect(await recreated(id)).toHaveLength(1);
    const held = await one<{ n: number }>(
      on.db,
      'SELECT count(*) AS n FROM holds WHERE incident_id = $1 AND released_at IS NULL',
      [id],
    );
    expect(held?.n).toBe(2);
  });

  it('leaves alone what runs, and re-creates nothing twice', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch');
    await on.running(`recovery/${id}`);
    await age(id);
    expect(await round()).toBe(0);
    expect(await notRunning(on.client, [`recovery/${id}`, 'recovery/INC-none'])).toEqual(
      new Map([['recovery/INC-none', 'not_found']]),
    );
    expect(await recreated(id)).toEqual([]);
  });

  it('pokes a process whose outbox row was lost', async () => {
    const { id } = await reportIncident(on.db, 'prompt_injection', { severity: 'critical' });
    await on.running(`recovery/${id}`);
    await on.client.workflow.getHandle(`incident/${id}`).terminate();
    await on.db.query(
      `UPDATE process SET started_at = NULL, created_at = created_at - interval '1 minute' WHERE workflow_id = $1`,
      [`incident/${id}`],
    );
    await round();
    await on.running(`incident/${id}`);
    expect(await recreated(id)).toHaveLength(1);
  });
});

const walk = (bounds?: { page: number; pages: number }) => new StaleWalk({ db: on.db, client: on.client, log }, bounds);
const over = (...ids: string[]) =>
  on.db.query(`UPDATE process SET over_at = clock_timestamp() - interval '1 minute' WHERE workflow_id = ANY($1)`, [
    ids,
  ]);
const ends = (id: string) =>
  eventually(async () => (await on.client.workflow.getHandle(id).describe()).status.name === 'COMPLETED');
/** Visibility lists what runs a moment later. */
const listed = (...ids: string[]) =>
  eventually(async () => {
    const seen = new Set<string>();
    for await (const w of on.client.workflow.list({ query: `ExecutionStatus = 'Running'` })) seen.add(w.workflowId);
    return ids.every((id) => seen.has(id));
  });

describe('what the engine still runs though the record is over', () => {
  it('is poked, reads its record and returns; what the record wants runs on', async () => {
    const { id: stale } = await reportIncident(on.db, 'manifest_mismatch');
    const { id: wanted } = await reportIncident(on.db, 'manifest_mismatch', { source: 'another' });
    const all = [stale, wanted].flatMap((id) => [`incident/${id}`, `recovery/${id}`]);
    for (const id of all) await on.running(id);
    await listed(...all);
    await over(`incident/${stale}`, `recovery/${stale}`);
    const poked = await walk().round();
    expect(poked.filter((id) => id.endsWith(wanted))).toEqual([]);
    for (const id of [`incident/${stale}`, `recovery/${stale}`]) await ends(id);
    for (const id of [`incident/${wanted}`, `recovery/${wanted}`]) await on.running(id);
    const entries = await rows<{ action: string }>(on.db, `SELECT action FROM ledger_entries WHERE object = $1`, [
      `incident/${stale}`,
    ]);
    expect(entries.map((e) => e.action)).not.toContain('process_recreated');
  });

  it('is found behind any number of pages, over several rounds', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch');
    const first = [`incident/${id}`, `recovery/${id}`];
    for (const running of first) await on.running(running);
    const { id: later } = await reportIncident(on.db, 'manifest_mismatch', { source: 'another' });
    for (const running of [`incident/${later}`, `recovery/${later}`]) await on.running(running);
    await listed(...first);
    await over(...first);
    const slow = walk({ page: 1, pages: 2 });
    const perRound: number[] = [];
    await eventually(async () => {
      perRound.push((await slow.round()).length);
      const described = await Promise.all(first.map((ended) => on.client.workflow.getHandle(ended).describe()));
      return described.every((d) => d.status.name === 'COMPLETED');
    });
    expect(Math.max(...perRound)).toBeLessThanOrEqual(2);
  });

  it('is whatever the record does not know or has closed, not what waits, has just closed or has a poke on its way', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch');
    const [response, ceremony] = [`incident/${id}`, `recovery/${id}`];
    const both = [response, ceremony].map((workflow_id) => ({ workspace_id: 'default', workflow_id }));
    const unknown = { workspace_id: 'default', workflow_id: 'recovery/INC-none' };
    const elsewhere = { workspace_id: 'elsewhere', workflow_id: ceremony };
    const found = await staleProcesses(on.db, [...both, unknown, elsewhere]);
    expect(found).toHaveLength(2);
    expect(found).toEqual(expect.arrayContaining([unknown, elsewhere]));
    await on.db.query(`UPDATE process SET over_at = clock_timestamp() WHERE workflow_id = $1`, [ceremony]);
    expect(await staleProcesses(on.db, both)).toEqual([]);
    await over(ceremony);
    expect(await staleProcesses(on.db, both)).toEqual([both[1]]);
  });

  it('is a process that was not told that its incident is resolved', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch');
    const process = { workspace_id: 'default', workflow_id: `recovery/${id}` };
    await on.running(process.workflow_id);
    await acknowledgeRecovery(on.db, decision(id), { operator: 'me@org' });
    await decideIncident(on.db, decision(id), { kind: 'resolve', operator: 'me@org' });
    await ends(process.workflow_id);
    await relayed();
    await on.db.query(`UPDATE process SET over_at = NULL WHERE workflow_id = $1`, [process.workflow_id]);
    await on.db.query(`UPDATE incidents SET resolved_at = now() WHERE id = $1`, [id]);
    expect(await staleProcesses(on.db, [process])).toEqual([]);
    await on.db.query(`UPDATE incidents SET resolved_at = resolved_at - interval '1 minute' WHERE id = $1`, [id]);
    expect(await staleProcesses(on.db, [process])).toEqual([process]);
  });
});

describe('a process that the record does not want', () => {
  it('returns at once and changes nothing', async () => {
    const start = createStartProcess(on.client);
    await start({
      type: 'recoveryCeremony',
      workspace_id: 'default',
      subject: 'INC-20260101-000000-9999',
      severity_rank: 2,
      version: 1,
    });
    await on.client.workflow.getHandle('recovery/INC-20260101-000000-9999').result();
    const { id } = await reportIncident(on.db, 'tool_call_burst');
    await start({ type: 'recoveryCeremony', workspace_id: 'default', subject: id, severity_rank: 3, version: 1 });
    await on.client.workflow.getHandle(`recovery/${id}`).result();
    expect(await one(on.db, 'SELECT 1 FROM process WHERE subject = $1', [id])).toBeUndefined();
  });
});
