import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Incident } from '../../../domain/incident/types.ts';
import { TARGETS_PER_ACTION } from '../../../domain/incident/targets.ts';
import type { Database } from '../../../db/client.ts';
import { rows } from '../../../db/client.ts';
import { acknowledgeRecovery } from '../../../db/command/acknowledge.ts';
import { recordReports } from '../../../db/command/intake.ts';
import type { IntakeRequest } from '../../../db/command/intake.ts';
import { checkGate } from '../../../db/read/check-gate.ts';
import { freshKey, incidentNow, register, resolveIncident } from '../../support/adapters.ts';
import { OPERATOR, openRecord, requestOf } from '../../support/record.ts';

let db: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await openRecord());
});
afterAll(() => close());

/** Reports of one dedup key, each of another subject. */
const naming =
  (cls: 'manifest_mismatch' | 'tool_call_burst' | 'model_behavior_anomaly', key: string) =>
  (subject: string): IntakeRequest =>
    requestOf(cls, { dedup_key: key, evidence: { subject, model_path: `/models/${key}` } });

async function recordAll(...requests: IntakeRequest[]): Promise<Incident[]> {
  const replies = await recordReports(db, requests);
  return replies.map((reply) => {
    if (!reply.ok) throw new Error(reply.code);
    return reply.incident;
  });
}
const record = async (request: IntakeRequest): Promise<Incident> => (await recordAll(request))[0]!;
const frozen = async (subject: string) => !(await checkGate(db, 'default', 'agent', subject)).open;
const holdsOf = (id: string) =>
  rows<{ hold_id: string; gate: string; target: string; awaited: boolean }>(
    db,
    `SELECT hold_id, gate, target, awaited FROM holds WHERE workspace_id = 'default' AND incident_id = $1 AND released_at IS NULL
      ORDER BY gate, hold_id`,
    [id],
  );
const entriesOf = async (id: string) => {
  const found = await rows<{ action: string; detail: string; record_version: number }>(
    db,
    `SELECT action, detail, record_version FROM ledger_entries WHERE workspace_id = 'default' AND object = $1 ORDER BY entry_id`,
    [`incident/${id}`],
  );
  return found.map((e) => ({ ...e, detail: JSON.parse(e.detail) as Record<string, unknown> }));
};

describe('a report that folds and names another target', () => {
  it('has it held when it is answered, and what was acknowledged before no longer counts', async () => {
    const report = naming('manifest_mismatch', 'two');
    const first = await record(report('agent:first'));
    await acknowledgeRecovery(db, { ...OPERATOR, incident_id: first.id, ...freshKey() }, { operator: 'me@org' });
    const folded = await record(report('agent:second'));
    expect(folded).toMatchObject({ id: first.id, occurrences: 2, state: 'contained', acked_at: null });
    expect(folded.binding).not.toBe(first.binding);
    expect(await frozen('agent:second')).toBe(true);
    expect(await holdsOf(first.id)).toMatchObject([
      { hold_id: `${first.id}/freeze_agent`, target: 'agent:first' },
      { hold_id: `${first.id}/freeze_agent/2`, target: 'agent:second' },
      { gate: 'model', target: '/models/two' },
    ]);
    expect((await entriesOf(first.id)).slice(-2)).toMatchObject([
      { action: 'incident_recurred', detail: { occurrences: 2, added: ['freeze_agent'] }, record_version: 3 },
      { action: 'holds_placed', detail: { holds: [{ by: 'freeze_agent', gate: 'agent', target: 'agent:second' }] } },
    ]);
    const pokes = await rows(db, 'SELECT 1 FROM outbox WHERE subject = $1 AND version = 3', [first.id]);
    expect(pokes.length).toBeGreaterThan(0);
    expect(await resolveIncident(db, first.id)).toMatchObject({
      ok: false,
      code: 'recovery_incomplete',
      missing: ['ack'],
    });
    await acknowledgeRecovery(db, { ...OPERATOR, incident_id: first.id, ...freshKey() }, { operator: 'me@org' });
    expect(await resolveIncident(db, first.id)).toMatchObject({ ok: true });
    expect([await frozen('agent:first'), await frozen('agent:second')]).toEqual([false, false]);
  });

  it('of the same batch as the first, and names one that is held: one incident, each target held once', async () => {
    const report = naming('tool_call_burst', 'batch');
    const all = await recordAll(...['a', 'b', 'a', 'b', 'c'].map((x) => report(`agent:batch-${x}`)));
    expect(new Set(all.map((i) => i.id)).size).toBe(1);
    const id = all[0]!.id;
    expect((await holdsOf(id)).map((h) => h.target)).toEqual(['a', 'b', 'c'].map((x) => `agent:batch-${x}`));
    const standing = await rows(db, `SELECT generation, standing FROM gate_states WHERE target LIKE 'agent:batch-_'`);
    expect(standing).toEqual(Array.from({ length: 3 }, () => ({ generation: 1, standing: 1 })));
  });

  it('and again and again closes the whole gate, and the incident says that it does', async () => {
    const report = naming('tool_call_burst', 'many');
    const all = await recordAll(...Array.from({ length: 80 }, (_, i) => report(`agent:many-${i}`)));
    const { id } = all[0]!;
    const targets = (await holdsOf(id)).map((h) => h.target);
    expect(targets).toHaveLength(TARGETS_PER_ACTION + 1);
    expect(targets).toContain('*');
    expect(await incidentNow(db, id)).toMatchObject({ marks: ['targets_bounded'], occurrences: 80 });
    expect(await frozen('agent:whoever')).toBe(true);
    expect(await resolveIncident(db, id)).toMatchObject({ ok: true });
    expect(await frozen('agent:whoever')).toBe(false);
  });

  it('has it held by what a rise in severity adds later, however much there is to say about it', async () => {
    const wide = (n: number) => `agent:${String.fromCharCode(0x4e00 + n).repeat(249)}`;
    const report = naming('model_behavior_anomaly', 'rise');
    const first = await record(report(wide(0)));
    await record(report(wide(1)));
    expect(await frozen(wide(1))).toBe(false);
    await db.query(`UPDATE escalation_windows SET events = '[]' WHERE class = 'model_behavior_anomaly'`);
    for (let n = 2; n < 60; n++) {
      await record(report(wide(n)));
      await db.query(`UPDATE escalation_windows SET events = '[]' WHERE class = 'model_behavior_anomaly'`);
    }
    const raised = await record({ ...report(wide(60)), report: { ...report(wide(60)).report, severity: 'critical' } });
    expect(raised).toMatchObject({ id: first.id, severity: 'critical', named_targets: [], marks: [] });
    for (const n of [0, 1, 59, 60]) expect(await frozen(wide(n))).toBe(true);
    const said = (await entriesOf(first.id)).filter(
      (e) => e.action === 'holds_placed' && e.record_version === raised.version,
    );
    expect(said.length).toBeGreaterThan(1);
    expect(said.flatMap((e) => e.detail['holds'])).toHaveLength(62);
  });

  it('waits for the adapter that subscribes meanwhile, in a process of its own when there was none', async () => {
    const report = naming('tool_call_burst', 'adapter');
    const { id } = await record(report('agent:before'));
    const waiting = () =>
      rows(db, 'SELECT 1 FROM process WHERE workflow_id = $1 AND over_at IS NULL', [`incident/${id}`]);
    expect(await waiting()).toEqual([]);
    await register(db, { name: 'edge', url: 'http://127.0.0.1:9/hook', ref: 'env:NONE' });
    expect(await record(report('agent:after'))).toMatchObject({ id, state: 'open', pending_actions: 1 });
    expect((await holdsOf(id)).map((h) => [h.target, h.awaited])).toEqual([
      ['agent:before', false],
      ['agent:after', true],
    ]);
    expect(await waiting()).toHaveLength(1);
    expect(await rows(db, 'SELECT 1 FROM outbox WHERE workflow_id = $1', [`incident/${id}`])).toHaveLength(1);
  });
});
