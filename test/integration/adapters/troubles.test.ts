import { afterEach, beforeEach, expect, it } from 'vitest';
import { recordAnswer } from '../../../db/command/acknowledge-adapter.ts';
import { beginSending } from '../../../db/command/adapter-requests.ts';
import { adapterTroubles } from '../../../db/read/adapters.ts';
import type { Adapter } from '../../../db/read/adapters.ts';
import type { SendOutcome } from '../../../domain/adapter/state.ts';
import { register, resolveIncident, secretFile } from '../../support/adapters.ts';
import { openRecord, reportIncident } from '../../support/record.ts';

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

const known = (name: string, workspace_id = 'default') =>
  register(record.db, { name, url: 'http://127.0.0.1:9/', ref: secret.ref, workspace_id });
const hold = async () => (await reportIncident(record.db, 'tool_call_burst', { evidence: { subject: 'agent:x' } })).id;
const troubles = (secondsFromNow: number) =>
  adapterTroubles(record.db, 'default', new Date(Date.now() + secondsFromNow * 1000).toISOString());

async function tell(adapter: Adapter, outcome: SendOutcome): Promise<void> {
  const what = { gate: 'agent' as const, target: 'agent:x' };
  const sending = await beginSending(record.db, adapter, what);
  await recordAnswer(record.db, { ...adapter, ...what, sending: sending!.sending, outcome });
}

it('an adapter that has not acknowledged for 5 s is named, a refused restore too, until it has', async () => {
  const adapter = await known('one');
  await known('elsewhere', 'other');
  const id = await hold();
  expect(await troubles(1)).toEqual([]);
  expect(await troubles(60)).toMatchObject([{ name: 'one', kind: 'unacknowledged', due: 1, error: null }]);
  await tell(adapter, { ok: true, latency_ms: 1 });
  expect(await troubles(60)).toEqual([]);
  await resolveIncident(record.db, id);
  await tell(adapter, { ok: false, code: 'refused' });
  expect(await troubles(60)).toMatchObject([{ name: 'one', kind: 'unacknowledged', due: 1, error: 'refused' }]);
  await tell(adapter, { ok: true, latency_ms: 1 });
  expect(await troubles(60)).toEqual([]);
});

it('since the oldest state that it has yet to acknowledge, however many are more urgent', async () => {
  const adapter = await known('one');
  await record.db.query(
    `INSERT INTO adapter_targets (workspace_id, adapter_id, gate, target, due, severity_rank, due_at, attempts, sending,
        sent_own, sent_instance, acknowledged_generation, held_own, held_instance, actor)
      SELECT 'default', $1, 'agent', 'agent:' || n, true, CASE WHEN n < 1400 THEN 2 ELSE 5 END,
          CASE n WHEN 1500 THEN '2026-01-01T00:00:00Z'::timestamptz ELSE now() END, 0, 0, 0, 0, 0, 0, 0, 't'
        FROM generate_series(1, 1500) AS n`,
    [adapter.adapter_id],
  );
  expect(await troubles(60)).toMatchObject([{ since: '2026-01-01T00:00:00.000Z', due: 1000 }]);
});

it('at most 100 are named, those that have yet to acknowledge before those that are retired', async () => {
  await known('late');
  await hold();
  await record.db.query(
    `INSERT INTO adapters (workspace_id, adapter_id, name, mode, url, actions, gates, secret_ref, internal, state, created_at,
        retired_at, version, actor)
      SELECT 'default', 'ADP-' || n, 'gone-' || n, 'external', 'http://127.0.0.1:9/', '{freeze_agent}', '{agent}', 'env:NONE',
          true, 'retired', now(), now() - make_interval(days => n), 1, 't' FROM generate_series(1, 120) AS n`,
  );
  const named = await troubles(60);
  expect(named).toHaveLength(100);
  expect(named.slice(0, 2)).toMatchObject([{ name: 'late' }, { name: 'gone-1', kind: 'retired' }]);
});
