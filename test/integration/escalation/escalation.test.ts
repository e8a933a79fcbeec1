import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import { followEscalation } from '../../../db/command/follow-escalation.ts';
import { recordReports } from '../../../db/command/intake.ts';
import { reconcile } from '../../../workers/reconcile/reconcile.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { requestOf } from '../../support/record.ts';

let on: TestProcesses;
beforeAll(async () => {
  on = await startProcesses();
});
afterAll(() => on?.close());

const log = pino({ level: 'silent' });
const workspace = () => `w-${crypto.randomUUID()}`;

/** Reports one prompt_injection and returns its incident's id. */
async function report(workspace_id: string, dedup_key?: string): Promise<string> {
  const given = dedup_key === undefined ? {} : { dedup_key };
  const [reply] = await recordReports(on.db, [requestOf('prompt_injection', given, { workspace_id })]);
  if (!reply?.ok) throw new Error('refused');
  return reply.incident.id;
}

const window = (workspace_id: string) =>
  one<{ escalation: string | null; crossings: number; crossing_incident: string }>(
    on.db,
    `SELECT escalation, crossings, crossing_incident FROM escalation_windows WHERE workspace_id = $1`,
    [workspace_id],
  );
const members = async (workspace_id: string, escalation: string) =>
  (
    await rows<{ incident_id: string }>(
      on.db,
      'SELECT incident_id FROM escalation_members WHERE workspace_id = $1 AND escalation = $2 ORDER BY incident_id',
      [workspace_id, escalation],
    )
  ).map((m) => m.incident_id);
const entries = (workspace_id: string, escalation: string) =>
  rows<{ action: string; detail: string }>(
    on.db,
    'SELECT action, detail FROM ledger_entries WHERE workspace_id = $1 AND object = $2 ORDER BY entry_id',
    [workspace_id, `escalation/${workspace_id}/${escalation}`],
  );
const actions = async (workspace_id: string, escalation: string) =>
  (await entries(workspace_id, escalation)).map((e) => e.action);
/** Moves the window's last event one window and more into the past. */
const quiet = (workspace_id: string) =>
  on.db.query(
    `UPDATE escalation_windows SET last_event_at = last_event_at - interval '6 minutes', events = '[]' WHERE workspace_id = $1`,
    [workspace_id],
  );
/** A poke that is still on its way would start a process by itself. */
const relayed = () => eventually(async () => (await one(on.db, 'SELECT 1 FROM outbox LIMIT 1')) === undefined);
const poke = (workspace_id: string, escalation: string) =>
  on.client.workflow.getHandle(`escalation/${workspace_id}/${escalation}`).signal('poke', { version: 1 });

describe('severityEscalation', () => {
  it('S4-45 follows a crossing through: opened, alerted, its members listed, closed after a quiet window', async () => {
    const w = workspace();
    const [first, second, third] = [await report(w), await report(w), await report(w)];
    expect(await window(w)).toEqual({ escalation: third, crossings: 1, crossing_incident: third });
    const id = `escalation/${w}/${third}`;
    await on.running(id);
    await eventually(async () => (await actions(w, third)).includes('operator_alert'));
    expect(await members(w, third)).toEqual([first, second, third]);
    const searchable = await eventually(async () => {
      const found = await on.attributes(id);
      return 'IncidentClass' in found && found;
    });
    expect(searchable).toMatchObject({
      Workspace: w,
      IncidentClass: 'prompt_injection',
      Severity: 'critical',
      ProcessState: 'escalated',
    });
    for (const incident of [first, second, third]) await on.running(`recovery/${incident}`);
    const alert = await one<{ message: string; severity: string }>(
      on.db,
      `SELECT message, severity FROM notifications WHERE workspace_id = $1 AND kind = 'alert' AND actor = 'severity-escalation'`,
      [w],
    );
    expect(alert?.severity).toBe('critical');
    expect(alert?.message).toContain('prompt_injection escalated to critical');

    const fourth = await report(w);
    expect(await window(w)).toEqual({ escalation: third, crossings: 2, crossing_incident: fourth });
    expect(await members(w, third)).toEqual([first, second, third, fourth]);

    await quiet(w);
    await poke(w, third);
    await on.client.workflow.getHandle(id).result();
    expect(await actions(w, third)).toEqual(['escalation_opened', 'operator_alert', 'escalation_closed']);
    const closed = (await entries(w, third)).at(-1);
    expect(JSON.parse(closed?.detail ?? '{}')).toMatchObject({ crossings: 2, members: 4, unresolved: 4 });
    expect(await window(w)).toMatchObject({ escalation: null, crossings: 0 });
    expect(await one(on.db, 'SELECT 1 FROM process WHERE workflow_id = $1 AND over_at IS NULL', [id])).toBeUndefined();
  });

  it('opens once however many reports cross at once', async () => {
    const w = workspace();
    await Promise.all(Array.from({ length: 12 }, () => report(w)));
    const opened = await rows(
      on.db,
      `SELECT 1 FROM ledger_entries WHERE workspace_id = $1 AND action = 'escalation_opened'`,
      [w],
    );
    expect(opened).toHaveLength(1);
    const row = await window(w);
    expect(row?.crossings).toBe(10);
    expect(await members(w, row?.escalation ?? '')).toHaveLength(12);
  });

  it('follows the same incident again when its occurrences cross after the first has closed', async () => {
    const w = workspace();
    const id = await report(w, 'same');
    await report(w, 'same');
    expect(await report(w, 'same')).toBe(id);
    const workflow = `escalation/${w}/${id}`;
    await on.running(workflow);
    await eventually(async () => (await actions(w, id)).includes('operator_alert'));
    await quiet(w);
    await poke(w, id);
    await on.client.workflow.getHandle(workflow).result();
    for (let i = 0; i < 3; i += 1) await report(w, 'same');
    await on.running(workflow);
    await eventually(async () => (await actions(w, id)).length === 5);
    expect((await actions(w, id)).slice(3)).toEqual(['escalation_opened', 'operator_alert']);
    expect(await members(w, id)).toEqual([id]);
  });

  it('reminds after 4 hours while a member is unresolved, once, by the clock of the database', async () => {
    const w = workspace();
    await report(w);
    await report(w);
    const id = await report(w);
    await on.running(`escalation/${w}/${id}`);
    await eventually(async () => (await actions(w, id)).includes('operator_alert'));
    await on.db.query(`UPDATE escalations SET opened_at = opened_at - interval '9 hours' WHERE workspace_id = $1`, [w]);
    // The running process may look at the same moment; whoever comes first, it is one reminder.
    await Promise.all([1, 2, 3].map(() => followEscalation(on.db, { workspace_id: w, escalation: id })));
    expect((await actions(w, id)).filter((action) => action === 'operators_reminded')).toHaveLength(1);
  });

  it('pokes a member whose process was never started', async () => {
    const w = workspace();
    await report(w);
    const second = await report(w);
    const id = await report(w);
    await on.running(`recovery/${second}`);
    await eventually(async () => (await actions(w, id)).includes('operator_alert'));
    await relayed();
    await on.client.workflow.getHandle(`incident/${second}`).terminate();
    await on.db.query(`UPDATE process SET started_at = NULL WHERE workflow_id = $1`, [`incident/${second}`]);
    await poke(w, id);
    await on.running(`incident/${second}`);
  });

  it('is re-created by reconcile from its record', async () => {
    const w = workspace();
    await report(w);
    await report(w);
    const id = await report(w);
    const workflow = `escalation/${w}/${id}`;
    const first = await on.running(workflow);
    await eventually(async () => (await actions(w, id)).includes('operator_alert'));
    await relayed();
    await on.client.workflow.getHandle(workflow).terminate('by hand');
    await on.db.query(`UPDATE process SET started_at = started_at - interval '1 minute' WHERE workflow_id = $1`, [
      workflow,
    ]);
    await reconcile({ db: on.db, client: on.client, log });
    expect(await on.running(workflow)).not.toBe(first);
    expect((await actions(w, id)).filter((a) => a !== 'process_recreated')).toEqual([
      'escalation_opened',
      'operator_alert',
    ]);
  });

  it('returns at once when the record knows no such escalation', async () => {
    const args = [{ schema: 1, workspace_id: 'default', escalation: 'INC-none' }];
    const options = { workflowId: 'escalation/default/INC-none', taskQueue: 'control', args };
    await on.client.workflow.execute('severityEscalation', options);
  });
});
