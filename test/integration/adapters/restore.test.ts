import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { recordAnswer } from '../../../db/command/acknowledge-adapter.ts';
import { beginSending, lookAfterAdapter } from '../../../db/command/adapter-requests.ts';
import { retireAdapter } from '../../../db/command/part-with-adapter.ts';
import { closeProcess } from '../../../db/command/processes.ts';
import type { Adapter } from '../../../db/read/adapters.ts';
import type { SendOutcome } from '../../../domain/adapter/state.ts';
import { freshKey, incidentNow, register, resolveIncident, secretFile } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { OPERATOR, openRecord, reportIncident, waitsForLock } from '../../support/record.ts';

let record: Awaited<ReturnType<typeof openRecord>>;
let secret: ReturnType<typeof secretFile>;
beforeEach(async () => {
  secret = secretFile();
  record = await openRecord();
});
afterEach(async () => {
  await record?.close();
  secret?.remove();
});

const TARGET = 'agent:x';
const known = (name: string) => register(record.db, { name, url: 'http://127.0.0.1:9/', ref: secret.ref });
const hold = async () => (await reportIncident(record.db, 'tool_call_burst', { evidence: { subject: TARGET } })).id;
const close = (incident_id: string, type: 'incidentResponse' | 'recoveryCeremony' = 'incidentResponse') =>
  closeProcess(record.db, { type, workspace_id: 'default', incident_id });

const TAKEN: SendOutcome = { ok: true, latency_ms: 1 };
async function tell(adapter: Adapter, outcome: SendOutcome = TAKEN): Promise<void> {
  const what = { gate: 'agent' as const, target: TARGET };
  const sending = await beginSending(record.db, adapter, what);
  await recordAnswer(record.db, { ...adapter, ...what, sending: sending!.sending, outcome });
}

/** The pokes of an incident's response since the last look at them. */
async function pokes(id: string): Promise<number> {
  return (await rows(record.db, 'DELETE FROM outbox WHERE workflow_id = $1 RETURNING id', [`incident/${id}`])).length;
}

const retire = (name: string) =>
  retireAdapter(record.db, OPERATOR, {
    object: name,
    reason: 'gone',
    single_operator: true,
    confirm: name,
    key: freshKey(),
  });

/** An incident that every adapter holds, resolved. */
async function resolved(adapters: Adapter[]): Promise<string> {
  const id = await hold();
  for (const adapter of adapters) await tell(adapter);
  expect((await resolveIncident(record.db, id)).ok).toBe(true);
  await pokes(id);
  return id;
}

describe('the response to a resolved incident', () => {
  it('stays until every adapter has restored, and is poked then', async () => {
    const adapters = [await known('one'), await known('two')];
    const id = await resolved(adapters);
    expect(await close(id)).toBe(false);
    await tell(adapters[0]!);
    expect([await pokes(id), await close(id)]).toEqual([0, false]);
    await tell(adapters[1]!, { ok: false, code: 'refused' });
    expect([await pokes(id), await close(id)]).toEqual([0, false]);
    expect((await incidentNow(record.db, id)).state).toBe('resolved');
    await tell(adapters[1]!);
    expect([await pokes(id), await close(id)]).toEqual([1, true]);
  });

  it('is not kept by an adapter that is retired', async () => {
    const id = await resolved([await known('one')]);
    expect(await close(id)).toBe(false);
    expect((await retire('one')).ok).toBe(true);
    expect([await pokes(id), await close(id)]).toEqual([1, true]);
  });

  it('is not kept by an adapter that is retired while the incident is resolved', async () => {
    const adapter = await known('one');
    const id = await hold();
    await tell(adapter);
    const retiring = await record.db.connect();
    await retiring.query('BEGIN');
    await retiring.query(`UPDATE adapters SET state = 'retired'`);
    await retiring.query('UPDATE adapter_targets SET due = false');
    const resolving = resolveIncident(record.db, id);
    await eventually(() => waitsForLock(record.db));
    await retiring.query('COMMIT');
    retiring.release();
    expect([(await resolving).ok, await close(id)]).toEqual([true, true]);
  });

  it('ends when the adapter holds the target for another incident', async () => {
    const adapter = await known('one');
    const [first, second] = [await hold(), await hold()];
    await tell(adapter);
    await resolveIncident(record.db, first);
    expect(await close(first)).toBe(false);
    await tell(adapter);
    expect([await close(first), await close(second)]).toEqual([true, false]);
  });

  it('is poked by the next look when an answer was recorded and nobody settled what it ended', async () => {
    const adapter = await known('one');
    const id = await resolved([adapter]);
    await record.db.query(`UPDATE adapter_targets SET due = false, acknowledged_state = 'open'`);
    await lookAfterAdapter(record.db, adapter, { limit: 1, sweep: false });
    expect(await pokes(id)).toBe(0);
    await lookAfterAdapter(record.db, adapter, { limit: 1, sweep: true });
    expect([await pokes(id), await close(id)]).toEqual([1, true]);
  });

  it('waits for no adapter that came later, and closes at once without any', async () => {
    const adapter = await known('one');
    const id = await hold();
    await tell(adapter);
    await retire('one');
    await resolveIncident(record.db, id);
    await known('one');
    expect(await close(id)).toBe(true);
  });

  it('alone stays: the ceremony is over with its incident', async () => {
    const id = await resolved([await known('one')]);
    expect([await close(id), await close(id, 'recoveryCeremony')]).toEqual([false, true]);
  });
});

describe('the entry of an acknowledgement', () => {
  /** State, incidents it was awaited by, and incidents whose restore it is, of each acknowledgement in order. */
  const acknowledgements = async () =>
    (
      await rows<{ detail: string }>(
        record.db,
        `SELECT detail FROM ledger_entries WHERE action = 'adapter_acknowledged' ORDER BY entry_id`,
      )
    ).map(({ detail }) => {
      const { state, incidents, restored } = JSON.parse(detail) as Record<string, unknown>;
      return [state, incidents, restored];
    });

  it('names the incidents whose holds were released, by each adapter that has heard of it', async () => {
    const adapters = [await known('one'), await known('two')];
    const id = await resolved(adapters);
    for (const adapter of adapters) await tell(adapter);
    const [held, restored] = [
      ['closed', [id], undefined],
      ['open', undefined, [id]],
    ];
    expect(await acknowledgements()).toEqual([held, held, restored, restored]);
  });

  it('names them too when the target stays closed for another incident', async () => {
    const adapter = await known('one');
    const [first, second] = [await hold(), await hold()];
    await tell(adapter);
    await resolveIncident(record.db, first);
    await tell(adapter);
    expect(await acknowledgements()).toEqual([
      ['closed', [first, second], undefined],
      ['closed', undefined, [first]],
    ]);
  });

  it('names no restore that came after what was sent', async () => {
    const adapter = await known('one');
    const first = await hold();
    await tell(adapter);
    const second = await hold();
    const what = { gate: 'agent' as const, target: TARGET };
    const sending = await beginSending(record.db, adapter, what);
    expect((await resolveIncident(record.db, first)).ok).toBe(true);
    await recordAnswer(record.db, { ...adapter, ...what, sending: sending!.sending, outcome: TAKEN });
    await tell(adapter);
    expect(await acknowledgements()).toEqual([
      ['closed', [first], undefined],
      ['closed', [second], undefined],
      ['closed', undefined, [first]],
    ]);
  });
});
