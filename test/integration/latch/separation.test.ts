import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { acknowledgeRecovery } from '../../../db/command/acknowledge.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import { decideSet } from '../../../db/command/decide-set.ts';
import { activatePolicy } from '../../../db/command/policies.ts';
import type { Incident } from '../../../domain/incident/types.ts';
import { POLICY } from '../../support/incidents.ts';
import { decision, openRecord, reportIncident } from '../../support/record.ts';

/** Only an acknowledgement is asked for: what a TPM says has no part in this. */
const TWO = { ...POLICY, reattest_severities: [], separation_of_duties: { critical_ack_and_resolve: true } };

let record: Awaited<ReturnType<typeof openRecord>>;
beforeAll(async () => {
  record = await openRecord();
  await activatePolicy(record.db, { ...TWO, separation_of_duties: { critical_ack_and_resolve: false } }, 'test');
});
afterAll(() => record?.close());

const by = (actor: string, { id }: Incident) => ({ ...decision(id), actor });
const ack = (actor: string, i: Incident, operator = actor) =>
  acknowledgeRecovery(record.db, by(actor, i), { operator });
const resolve = (actor: string, i: Incident) =>
  decideIncident(record.db, by(actor, i), { kind: 'resolve', operator: actor });
const refused = { ok: false, code: 'same_person' };

describe('where the policy asks for two people', () => {
  it('a critical incident is resolved by another than who acknowledged it, whatever they call themselves', async () => {
    const before = await reportIncident(record.db, 'unauthorized_access');
    await activatePolicy(record.db, TWO, 'test');
    const incident = await reportIncident(record.db, 'unauthorized_access', { source: 'another' });
    for (const i of [before, incident]) expect(await ack('anna', i, 'Anna A.')).toMatchObject({ ok: true });
    expect(await resolve('anna', incident)).toMatchObject(refused);
    // A further acknowledgement does not take the first one's place.
    expect(await ack('bert', incident)).toMatchObject({ ok: true });
    expect(await resolve('anna', incident)).toMatchObject(refused);
    expect(await resolve('bert', incident)).toMatchObject({
      ok: true,
      incident: { state: 'resolved', resolved_by: 'bert' },
    });
    const found = await rows<{ detail: string }>(
      record.db,
      `SELECT detail FROM ledger_entries WHERE object = $1 AND action = 'decision_refused'`,
      [`incident/${incident.id}`],
    );
    expect(found.map((e) => JSON.parse(e.detail) as object)).toEqual(
      Array(2).fill({ decision: 'resolve', ...refused }),
    );
    // An incident keeps the policy that it was judged by.
    expect(await resolve('anna', before)).toMatchObject({ ok: true });
  });

  it('and so is each of a set; what is not critical takes one person', async () => {
    const critical = await reportIncident(record.db, 'unauthorized_access', { source: 'set' });
    await ack('anna', critical);
    const set = (actor: string) => ({
      ...decision(critical.id),
      actor,
      kind: 'resolve' as const,
      class: 'unauthorized_access' as const,
      source: 'set',
      created_before: '2999-01-01T00:00:00.000Z',
      expected_count: 1,
      operator: actor,
    });
    const refusal = { incident_id: critical.id, code: 'same_person' };
    expect(await decideSet(record.db, set('anna'))).toEqual({ ok: true, changed: 0, refused: [refusal] });
    expect(await decideSet(record.db, set('bert'))).toEqual({ ok: true, changed: 1, refused: [] });
    const high = await reportIncident(record.db, 'manifest_mismatch');
    await ack('anna', high);
    expect(await resolve('anna', high)).toMatchObject({ ok: true });
  });
});
