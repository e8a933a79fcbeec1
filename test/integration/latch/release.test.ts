import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../db/client.ts';
import { rows } from '../../../db/client.ts';
import { acknowledgeRecovery } from '../../../db/command/acknowledge.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import { decideSet } from '../../../db/command/decide-set.ts';
import { releaseModel } from '../../../db/command/release-model.ts';
import { checkGate } from '../../../db/read/check-gate.ts';
import { OPERATOR, decision, openRecord, reportIncident } from '../../support/record.ts';

let db: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await openRecord());
});
afterAll(() => close());

const release = (target: string) =>
  releaseModel(db, OPERATOR, {
    target,
    how: 'removed',
    reason: 'deleted',
    key: { decision_id: crypto.randomUUID(), request_digest: 'd' },
  });

it.each([
  ['ends the quarantine with its incident', false],
  ['is taken back when the incident recurs before it resolves', true],
])('S4-29 a granted release %s', async (_what, recurs) => {
  const target = `sha256:${(recurs ? 'a' : 'b').repeat(64)}`;
  const report = { evidence: { model_digest: target, subject: 'agent:1' }, dedup_key: target };
  const { id } = await reportIncident(db, 'manifest_mismatch', report);
  expect(await release(target)).toMatchObject({ ok: true, released: 0, granted: 1 });
  if (recurs) expect((await reportIncident(db, 'manifest_mismatch', report)).id).toBe(id);
  await acknowledgeRecovery(db, decision(id), { operator: 'me@org' });
  expect(await decideIncident(db, decision(id), { kind: 'resolve', operator: 'me@org' })).toMatchObject({ ok: true });
  expect((await checkGate(db, 'default', 'model', target)).open).toBe(!recurs);
  const granted = await rows(
    db,
    'SELECT 1 FROM holds WHERE incident_id = $1 AND workspace_id = $2 AND release_granted_at IS NOT NULL',
    [id, 'default'],
  );
  expect(granted).toHaveLength(recurs ? 0 : 1);
});

it('a set that is resolved at once releases what each of its incidents would have released alone', async () => {
  const digests = ['1', '2', '3'].map((c) => `sha256:${c.repeat(64)}`);
  const subjects = ['agent:twice', 'agent:twice', 'agent:once'];
  const source = 'a-set';
  for (const [n, model_digest] of digests.entries())
    await reportIncident(db, 'manifest_mismatch', { source, evidence: { model_digest, subject: subjects[n] } });
  await reportIncident(db, 'manifest_mismatch', { source: 'stays', evidence: { subject: 'agent:once' } });
  expect(await release(digests[2]!)).toMatchObject({ ok: true, granted: 1 });
  for (const kind of ['ack', 'resolve'] as const)
    expect(
      await decideSet(db, {
        ...decision(''),
        kind,
        class: 'manifest_mismatch',
        source,
        created_before: '2999-01-01T00:00:00Z',
        expected_count: 3,
        operator: 'me@org',
      }),
    ).toMatchObject({ ok: true, changed: 3 });

  const open = async (gate: 'agent' | 'model', target: string) => (await checkGate(db, 'default', gate, target)).open;
  expect(await open('agent', 'agent:twice')).toBe(true);
  expect(await open('agent', 'agent:once')).toBe(false);
  const standing = `SELECT target FROM holds WHERE gate = 'model' AND target = ANY($1) AND released_at IS NULL ORDER BY 1`;
  expect(await rows(db, standing, [digests])).toEqual(digests.slice(0, 2).map((target) => ({ target })));
  const twice = `SELECT generation, standing FROM gate_states WHERE workspace_id = 'default' AND target = 'agent:twice'`;
  expect(await rows(db, twice)).toEqual([{ generation: 4, standing: 0 }]);
  const released = await rows(
    db,
    'SELECT DISTINCT released_by FROM holds WHERE released_at IS NOT NULL AND action = $1',
    ['freeze_agent'],
  );
  expect(released).toEqual([{ released_by: 'local-operator' }]);
  await countsAgree();
});

/** What adapters compare and what lists show, against the holds themselves. */
async function countsAgree(): Promise<void> {
  const held = `SELECT workspace_id, gate, target, count(*)::int4 AS n FROM holds WHERE released_at IS NULL GROUP BY 1, 2, 3`;
  const wrong = await rows(
    db,
    `SELECT * FROM gate_states g FULL JOIN (${held}) AS h USING (workspace_id, gate, target)
      WHERE coalesce(g.standing, 0) <> coalesce(h.n, 0)`,
  );
  expect(wrong).toEqual([]);
  const tallied = await rows(
    db,
    `SELECT * FROM (SELECT workspace_id, 'holds_standing/' || gate AS name, sum(n)::int8 AS held FROM (${held}) AS h GROUP BY 1, 2) AS h
      FULL JOIN (SELECT * FROM tallies WHERE name LIKE 'holds_standing/%' AND n <> 0) AS t USING (workspace_id, name)
      WHERE coalesce(t.n, 0) <> coalesce(h.held, 0)`,
  );
  expect(tallied).toEqual([]);
}
