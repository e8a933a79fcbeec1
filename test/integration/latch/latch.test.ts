import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../db/client.ts';
import { one, openDatabase, rows } from '../../../db/client.ts';
import { acknowledgeRecovery } from '../../../db/command/acknowledge.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import { recordReports } from '../../../db/command/intake.ts';
import type { Incident } from '../../../domain/incident/types.ts';
import { decision, openRecord, reportIncident, requestOf } from '../../support/record.ts';

let db: Database;
let other: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  const record = await openRecord();
  db = record.db;
  other = openDatabase({ url: record.url, name: 'second-process' });
  close = async () => {
    await other.end();
    await record.close();
  };
});
afterAll(() => close());

const row = (id: string) =>
  one<Incident>(db, `SELECT * FROM incidents WHERE workspace_id = 'default' AND id = $1`, [id]);

describe('the latch in the database', () => {
  it('S4-12 S4-14 refuses a resolved row whose ceremony is missing, whoever writes it', async () => {
    const latched = await reportIncident(db, 'attestation_failure');
    const force = (set: string) => db.query(`UPDATE incidents SET ${set} WHERE id = $1`, [latched.id]);
    await expect(force(`state = 'resolved'`)).rejects.toMatchObject({ code: '23514', constraint: 'incidents_latch' });
    await expect(force(`state = 'resolved', ack_binding = binding`)).rejects.toMatchObject({ code: '23514' });
    await expect(force(`state = 'resolved', ack_binding = 'x', reattest_binding = 'x'`)).rejects.toMatchObject({
      code: '23514',
    });
    await expect(
      force(`state = 'resolved', ack_binding = binding, reattest_binding = binding, pending_actions = 1`),
    ).rejects.toMatchObject({ code: '23514' });
    expect((await row(latched.id))?.state).toBe('contained');
  });

  it('keeps entries, incidents and holds from being removed', async () => {
    for (const statement of [
      'DELETE FROM ledger_entries',
      'UPDATE ledger_entries SET actor = $$x$$',
      'DELETE FROM incidents',
      'DELETE FROM holds',
    ])
      await expect(db.query(statement)).rejects.toMatchObject({ code: '42501' });
  });
});

describe('decisions', () => {
  it('a decision id is decided once; its repeat is answered with what was recorded', async () => {
    const incident = await reportIncident(db, 'manifest_mismatch');
    const early = decision(incident.id, 'resolve-early');
    expect(await decideIncident(db, early, { kind: 'resolve', operator: 'a' })).toMatchObject({
      ok: false,
      code: 'recovery_incomplete',
    });
    await acknowledgeRecovery(db, decision(incident.id), { operator: 'a' });
    expect(await decideIncident(other, early, { kind: 'resolve', operator: 'a' })).toMatchObject({
      ok: false,
      code: 'recovery_incomplete',
    });
    const entries = await rows<{ action: string }>(
      db,
      'SELECT action FROM ledger_entries WHERE workspace_id = $1 AND object = $2 ORDER BY entry_id',
      ['default', `incident/${incident.id}`],
    );
    expect(entries.map((e) => e.action)).toEqual([
      'incident_reported',
      'holds_placed',
      'decision_refused',
      'recovery_acknowledged',
    ]);
    const reused = { ...early, request_digest: 'another' };
    expect(await decideIncident(db, reused, { kind: 'triage', operator: 'a' })).toMatchObject({
      code: 'idempotency_key_reused',
    });
  });

  it('a note stays in the record; its entry carries only a salted digest', async () => {
    const incident = await reportIncident(db, 'manifest_mismatch');
    await acknowledgeRecovery(db, decision(incident.id), { operator: 'a', note: 'planted-secret-note' });
    const leaked = await rows(db, `SELECT 1 FROM ledger_entries WHERE leaf LIKE '%planted-secret-note%'`);
    expect(leaked).toEqual([]);
    const kept = await one<{ note: string }>(
      db,
      'SELECT note FROM acknowledgements WHERE workspace_id = $1 AND incident_id = $2',
      ['default', incident.id],
    );
    expect(kept?.note).toBe('planted-secret-note');
  });
});

/** Every order of `items`. */
function orders<T>(items: T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) =>
    orders([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  );
}

describe('S4-16 S4-50 two processes', () => {
  const proofOf = ({ binding, occurrences, settlements }: Incident) => ({ binding, occurrences, settlements });
  const steps = ['escalate', 'ack', 'quote', 'resolve'] as const;

  it.each(orders([...steps]).map((order) => [order.join(' ')]))(
    'in the order %s, or all at once, open no latch early',
    async (order) => {
      for (const mode of ['in turn', 'at once'] as const) {
        const w = `w-${crypto.randomUUID()}`;
        const [first] = await recordReports(db, [requestOf('policy_bypass_attempt', {}, { workspace_id: w })]);
        if (!first?.ok) throw new Error('not reported');
        const { incident } = first;
        const on = (name: string) => ({ ...decision(incident.id, name), workspace_id: w });
        const run = {
          escalate: (p: Database) => recordReports(p, [requestOf('policy_bypass_attempt', {}, { workspace_id: w })]),
          ack: (p: Database) =>
            acknowledgeRecovery(p, on('ack'), { operator: 'a', containment_binding: incident.binding }),
          quote: (p: Database) => decideIncident(p, on('quote'), { kind: 'reattest', proof: proofOf(incident) }),
          resolve: (p: Database) => decideIncident(p, on('resolve'), { kind: 'resolve', operator: 'a' }),
        };
        const todo = (order.split(' ') as (typeof steps)[number][]).map(
          (name, i) => () => run[name](i % 2 === 0 ? db : other),
        );
        if (mode === 'in turn') for (const step of todo) await step();
        else await Promise.all(todo.map((step) => step()));

        const after = await one<Incident>(db, 'SELECT * FROM incidents WHERE workspace_id = $1 AND id = $2', [
          w,
          incident.id,
        ]);
        const standing = await rows(
          db,
          'SELECT 1 FROM holds WHERE incident_id = $1 AND workspace_id = $2 AND released_at IS NULL',
          [incident.id, w],
        );
        if (after?.severity === 'critical') {
          expect(after.state).toBe('contained');
          expect(standing.length).toBeGreaterThan(0);
          expect([after.ack_binding === after.binding, after.reattest_binding]).toEqual([false, null]);
        } else expect([after?.state, after?.severity, standing.length]).toEqual(['resolved', 'high', 0]);
      }
    },
  );
});
