import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { one } from '../../../db/client.ts';
import { recordAnswer } from '../../../db/command/acknowledge-adapter.ts';
import { beginSending, lookAfterAdapter } from '../../../db/command/adapter-requests.ts';
import type { Adapter } from '../../../db/read/adapters.ts';
import type { AdapterState } from '../../../domain/adapter/state.ts';
import { incidentNow, register, resolveIncident, secretFile } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { openRecord, reportIncident, waitsForLock } from '../../support/record.ts';

let record: Awaited<ReturnType<typeof openRecord>>;
let secret: ReturnType<typeof secretFile>;
let adapter: Adapter;
beforeEach(async () => {
  secret = secretFile();
  record = await openRecord();
  adapter = await register(record.db, { name: 'only', url: 'http://127.0.0.1:9/', ref: secret.ref });
});
afterEach(async () => {
  await record?.close();
  secret?.remove();
});

const hold = async (subject?: string): Promise<string> => {
  const evidence = subject === undefined ? {} : { subject };
  return (await reportIncident(record.db, 'tool_call_burst', { evidence })).id;
};
const look = () => lookAfterAdapter(record.db, adapter, { limit: 16, sweep: false });
const due = async () => (await look()).due.map((d) => d.target);
const what = (target: string) => ({ gate: 'agent' as const, target });
const pending = async (id: string) => (await incidentNow(record.db, id)).pending_actions;

/** Sends the present state and has it acknowledged; null when there is nothing to send. */
async function tell(target: string): Promise<AdapterState | null> {
  const sending = await beginSending(record.db, adapter, what(target));
  if (sending === null) return null;
  const answered = { ...adapter, ...what(target), sending: sending.sending };
  await recordAnswer(record.db, { ...answered, outcome: { ok: true, latency_ms: 1 } });
  return sending.state;
}

describe('a hold on everything behind the gate', () => {
  it('keeps a target closed whose own hold is released, until it is released too', async () => {
    const [everything, one] = [await hold(), await hold('agent:x')];
    expect(await tell('agent:x')).toMatchObject({ state: 'closed', generation: 2, hold_count: 2 });
    expect(await tell('*')).toMatchObject({ state: 'closed', generation: 1, hold_count: 1 });
    await resolveIncident(record.db, one);
    const told = await tell('agent:x');
    expect(told).toMatchObject({ state: 'closed', generation: 3, hold_count: 1 });
    expect(told?.holds).toMatchObject([{ incident_id: everything }]);
    expect(await due()).toEqual([]);
    await resolveIncident(record.db, everything);
    expect(await due()).toEqual(['*', 'agent:x']);
    expect(await tell('*')).toMatchObject({ state: 'open', generation: 2 });
    expect(await tell('agent:x')).toMatchObject({ state: 'open', generation: 4, holds: [], reason: 'released' });
    expect(await due()).toEqual([]);
  });

  it('is told for every target that is open there, after everything that closes by itself; the others stay', async () => {
    const earlier = await hold('agent:x');
    await tell('agent:x');
    await resolveIncident(record.db, earlier);
    await tell('agent:x');
    await hold('agent:y');
    await tell('agent:y');
    await hold();
    expect(await due()).toEqual(['*', 'agent:x']);
    expect(await tell('agent:x')).toMatchObject({ state: 'closed', generation: 3, hold_count: 1 });
    await tell('*');
    expect(await due()).toEqual([]);
  });

  it('is settled by the answer about everything and by no other, and settles no other', async () => {
    for (let i = 0; i < 3; i += 1) {
      const id = await hold('agent:x');
      await tell('agent:x');
      await resolveIncident(record.db, id);
      await tell('agent:x');
    }
    const [everything, one] = [await hold(), await hold('agent:x')];
    await tell('agent:x');
    expect([await pending(everything), await pending(one)]).toEqual([1, 0]);
    await tell('*');
    expect(await pending(everything)).toBe(0);
    const other = await hold('agent:y');
    const again = await hold();
    await tell('*');
    expect([await pending(again), await pending(other)]).toEqual([0, 1]);
    await tell('agent:y');
    expect(await pending(other)).toBe(0);
  });

  it('that comes while a restore is under way makes the target due again', async () => {
    const one = await hold('agent:x');
    await tell('agent:x');
    await resolveIncident(record.db, one);
    const sending = await beginSending(record.db, adapter, what('agent:x'));
    expect(sending?.state.state).toBe('open');
    await hold();
    const answered = { ...adapter, ...what('agent:x'), sending: sending!.sending };
    await recordAnswer(record.db, { ...answered, outcome: { ok: true, latency_ms: 1 } });
    expect(await due()).toEqual(['*', 'agent:x']);
    expect(await tell('agent:x')).toMatchObject({ state: 'closed' });
  });
});

describe('a change of everything', () => {
  it('waits for an answer that is just being recorded', async () => {
    const one = await hold('agent:x');
    await tell('agent:x');
    await hold();
    const answer = await record.db.connect();
    await answer.query('BEGIN');
    await answer.query('SELECT 1 FROM adapters WHERE adapter_id = $1 FOR UPDATE', [adapter.adapter_id]);
    let looked = false;
    const looking = due().finally(() => (looked = true));
    await eventually(async () => looked || (await waitsForLock(record.db)));
    await answer.query(`UPDATE adapter_targets SET acknowledged_state = 'open' WHERE target = 'agent:x'`);
    await answer.query('COMMIT');
    answer.release();
    expect(await looking).toEqual(['*', 'agent:x']);
    expect(await pending(one)).toBe(0);
  });

  it('spreads over many targets look by look, while what is more urgent is told', async () => {
    await record.db.query(
      `INSERT INTO gate_states (workspace_id, gate, target, generation, standing, changed_at, actor)
        SELECT 'default', 'agent', 'agent:' || n, 2, 0, now(), 't' FROM generate_series(1, 2500) AS n`,
    );
    await record.db.query(
      `INSERT INTO adapter_targets (workspace_id, adapter_id, gate, target, due, severity_rank, due_at, attempts, sending,
          sent_own, sent_instance, acknowledged_state, acknowledged_generation, held_own, held_instance, actor)
        SELECT 'default', $1, 'agent', target, false, 5, now(), 0, 1, 0, 0, 'open', 2, 0, 0, 't' FROM gate_states`,
      [adapter.adapter_id],
    );
    await hold();
    const first = await look();
    expect(first.due[0]).toEqual(what('*'));
    expect(first.next_in_ms).toBeLessThan(1000);
    expect(await dueCount()).toBe(1001);
    await look();
    expect((await look()).next_in_ms).toBeNull();
    expect(await dueCount()).toBe(2501);
  });
});

const dueCount = async () =>
  (await one<{ n: number }>(record.db, 'SELECT count(*)::int4 AS n FROM adapter_targets WHERE due'))!.n;
