import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { acknowledgeRecovery } from '../../../db/command/acknowledge.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import { nudgeOperators } from '../../../db/command/nudge.ts';
import { createStartProcess } from '../../../activities/start-process.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { decision, reportIncident } from '../../support/record.ts';

let on: TestProcesses;

beforeAll(async () => {
  on = await startProcesses();
});
afterAll(() => on?.close());

/** Moves everything that happened to the incident into the past. */
const age = async (id: string, hours: number) => {
  await on.db.query(`UPDATE incidents SET required_after = required_after - make_interval(hours => $2) WHERE id = $1`, [
    id,
    hours,
  ]);
  await on.db.query(`UPDATE decisions SET at = at - make_interval(hours => $2) WHERE aggregate = $1`, [
    `incident/${id}`,
    hours,
  ]);
};
const poke = (id: string) =>
  createStartProcess(on.client)({
    type: 'recoveryCeremony',
    workspace_id: 'default',
    subject: id,
    severity_rank: 2,
    version: 1,
  });
const sent = (id: string) =>
  rows<{ kind: string; message: string }>(
    on.db,
    `SELECT kind, message FROM notifications WHERE incident_id = $1 AND kind <> 'alert' ORDER BY id`,
    [id],
  );
const kinds = async (id: string) => (await sent(id)).map((n) => n.kind);

describe('a ceremony that nobody attends to', () => {
  it('reminds after 4 h, pages after 24 h and every day, each on the record, and never gives up', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch');
    await on.running(`recovery/${id}`);
    for (const [hours, expected] of [
      [5, ['reminder']],
      [20, ['reminder', 'page']],
      [24, ['reminder', 'page', 'page']],
    ] as const) {
      await age(id, hours);
      await poke(id);
      await eventually(async () => (await sent(id)).length === expected.length);
      expect(await kinds(id)).toEqual(expected);
    }
    const entries = await rows<{ action: string }>(
      on.db,
      `SELECT action FROM ledger_entries WHERE object = $1 AND actor = 'recovery-ceremony' ORDER BY entry_id`,
      [`incident/${id}`],
    );
    expect(entries.map((e) => e.action)).toEqual(['operators_reminded', 'operators_paged', 'operators_paged']);
    expect((await sent(id))[0]?.message).toContain(`${id} waits for ack since`);
    await on.running(`recovery/${id}`);
    await eventually(async () => on.control.lines.some((l) => l.event === 'operator_alert' && l['kind'] === 'page'));
  });

  it('is nudged once, however many processes believe that it is due', async () => {
    const { id, version } = await reportIncident(on.db, 'manifest_mismatch');
    await age(id, 30);
    const seen = { workspace_id: 'default', incident_id: id, version };
    const nudges = await Promise.all([1, 2, 3, 4].map(() => nudgeOperators(on.db, seen)));
    expect(nudges.filter((n) => n !== null)).toEqual([expect.objectContaining({ kind: 'page', n: 1 })]);
    expect(await nudgeOperators(on.db, seen)).toBeNull();
  });

  it('is not nudged by one that saw an older version, or once it is resolved', async () => {
    const { id, version } = await reportIncident(on.db, 'manifest_mismatch');
    await age(id, 5);
    await acknowledgeRecovery(on.db, decision(id), { operator: 'me@org' });
    const seen = { workspace_id: 'default', incident_id: id };
    expect(await nudgeOperators(on.db, { ...seen, version })).toBeNull();
    const resolved = await decideIncident(on.db, decision(id), { kind: 'resolve', operator: 'me@org' });
    expect(resolved.ok).toBe(true);
    expect(await nudgeOperators(on.db, { ...seen, version: version + 2 })).toBeNull();
  });
});
