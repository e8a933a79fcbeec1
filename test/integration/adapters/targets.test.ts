import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { recordAnswer } from '../../../db/command/acknowledge-adapter.ts';
import { beginSending } from '../../../db/command/adapter-requests.ts';
import { recordReports } from '../../../db/command/intake.ts';
import { loseAdapter, retireAdapter } from '../../../db/command/part-with-adapter.ts';
import type { Adapter } from '../../../db/read/adapters.ts';
import { freshKey, incidentNow, register } from '../../support/adapters.ts';
import { OPERATOR, openRecord, requestOf } from '../../support/record.ts';

let db: Database;
let close: () => Promise<void>;
let adapter: Adapter;
let incident: string;
let n = 0;
let by = OPERATOR;
beforeAll(async () => {
  ({ db, close } = await openRecord());
});
afterAll(() => close());

/** One incident that freezes two agents, of which the adapter has acknowledged neither. */
beforeEach(async () => {
  n += 1;
  by = { ...OPERATOR, workspace_id: `w-${n}` };
  adapter = await registerIn(by.workspace_id, 'edge');
  for (const x of ['a', 'b']) {
    const report = { dedup_key: 'k', evidence: { subject: agent(x) } };
    const [reply] = await recordReports(db, [requestOf('tool_call_burst', report, by)]);
    incident = reply?.ok === true ? reply.incident.id : '';
  }
  expect(await statuses()).toEqual(['pending', 'pending']);
});

const agent = (x: string) => `agent:${x}`;
const registerIn = (workspace_id: string, name: string) =>
  register(db, { name, url: 'http://127.0.0.1:9/hook', ref: 'env:NONE', workspace_id });
const statuses = async () => (await incidentNow(db, incident)).actions.map((a) => a.status);

/** What the adapter answers to the present state of one of the two. */
async function answers(x: string, ok: boolean): Promise<void> {
  const told = { gate: 'agent', target: agent(x) } as const;
  const sending = await beginSending(db, adapter, told);
  if (sending === null) throw new Error(`nothing to tell about ${told.target}`);
  const outcome = ok ? ({ ok, latency_ms: 1 } as const) : ({ ok, code: 'refused' } as const);
  const { workspace_id, adapter_id } = adapter;
  expect(await recordAnswer(db, { workspace_id, adapter_id, ...told, sending: sending.sending, outcome })).toBe(true);
}

const retire = () =>
  retireAdapter(db, by, {
    object: adapter.name,
    reason: 'over',
    single_operator: true,
    confirm: adapter.name,
    key: freshKey(),
  });

it('an answer about one target of an action says nothing about the other', async () => {
  await answers('b', true);
  expect(await statuses()).toEqual(['pending', 'held']);
  await answers('a', false);
  expect(await statuses()).toEqual(['failed', 'held']);
  expect((await incidentNow(db, incident)).state).toBe('containment_failed');
  await answers('a', true);
  expect(await statuses()).toEqual(['held', 'held']);
  expect(await incidentNow(db, incident)).toMatchObject({ state: 'contained', pending_actions: 0, settlements: 2 });
});

it('a refusal about one target leaves the other pending', async () => {
  await answers('a', false);
  await answers('a', false);
  expect(await statuses()).toEqual(['failed', 'pending']);
});

it('an adapter that loses what it held loses every target of the action, and has to acknowledge each again', async () => {
  await answers('a', true);
  await answers('b', true);
  expect(await loseAdapter(db, by, { name: adapter.name, key: freshKey() })).toMatchObject({ incidents: 1 });
  expect(await statuses()).toEqual(['pending', 'pending']);
  await answers('b', true);
  expect(await statuses()).toEqual(['pending', 'held']);
});

it('retiring ends its part in the target that waits for it, and counts the incident once', async () => {
  await answers('a', true);
  expect(await retire()).toMatchObject({ ok: true, incidents: 1 });
  expect(await statuses()).toEqual(['held', 'retired']);
  expect((await incidentNow(db, incident)).state).toBe('contained');
});

it('what was retired is not lost by the next adapter', async () => {
  await retire();
  expect(await statuses()).toEqual(['retired', 'retired']);
  adapter = await registerIn(by.workspace_id, 'next');
  await loseAdapter(db, by, { name: adapter.name, key: freshKey() });
  expect(await statuses()).toEqual(['retired', 'retired']);
  const awaited = await rows(db, 'SELECT 1 FROM holds WHERE workspace_id = $1 AND awaited', [by.workspace_id]);
  expect(awaited).toEqual([]);
});

it('a refusal is taken to the record once, however many incidents wait for something else besides', async () => {
  const both = Array.from({ length: 200 }, (_, i) =>
    ['a', 'b'].map((x) => requestOf('tool_call_burst', { dedup_key: `k-${i}`, evidence: { subject: agent(x) } }, by)),
  );
  await recordReports(db, both.flat());
  await answers('a', false);
  const failed = `SELECT count(*)::int4 AS n FROM incidents WHERE workspace_id = $1 AND actions @> $2`;
  const pending = JSON.stringify([
    { status: 'failed', target: agent('a') },
    { status: 'pending', target: agent('b') },
  ]);
  expect(await rows(db, failed, [by.workspace_id, pending])).toEqual([{ n: 201 }]);
});
