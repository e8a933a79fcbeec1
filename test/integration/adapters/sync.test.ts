import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { recordReports } from '../../../db/command/intake.ts';
import { loseAdapter, retireAdapter } from '../../../db/command/part-with-adapter.ts';
import { adapterStanding, findAdapter } from '../../../db/read/adapters.ts';
import { reconcile } from '../../../workers/reconcile/reconcile.ts';
import { startAdapter } from '../../support/adapter-server.ts';
import type { TestAdapter } from '../../support/adapter-server.ts';
import { freshKey, incidentNow, register, resolveIncident, secretFile } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { freePorts } from '../../support/free-ports.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { OPERATOR, reportIncident, requestOf } from '../../support/record.ts';

let processes: TestProcesses;
let adapter: TestAdapter;
let secret: ReturnType<typeof secretFile>;
let name: string;
let n = 0;

beforeAll(async () => {
  processes = await startProcesses();
  secret = secretFile();
});
afterAll(async () => {
  await processes?.close();
  secret?.remove();
});
beforeEach(async () => {
  adapter = await startAdapter();
  name = `adapter-${(n += 1)}`;
});
afterEach(async () => {
  const asked = { object: name, reason: 'over', single_operator: true, confirm: name, key: freshKey() };
  await retireAdapter(processes.db, OPERATOR, asked);
  await adapter.close();
});

const db = () => processes.db;
const report = (subject: string) => reportIncident(db(), 'tool_call_burst', { evidence: { subject } });
const inState = (id: string, state: string, withinMs?: number) =>
  eventually(async () => (await incidentNow(db(), id)).state === state, withinMs);
const actionOf = async (id: string) => (await incidentNow(db(), id)).actions.find((a) => a.action === 'freeze_agent')!;
const putIt = () => register(db(), { name, url: adapter.url, ref: secret.ref });

describe('an adapter that answers', () => {
  it('S4-11 holds the incident open until it has acknowledged the containment, and is told of the restore', async () => {
    await putIt();
    const incident = await report('agent:answers');
    expect(incident).toMatchObject({ state: 'open', pending_actions: 1, contained_at: null });
    await inState(incident.id, 'contained');
    expect(adapter.received[0]).toMatchObject({
      gate: 'agent',
      target: 'agent:answers',
      state: 'closed',
      generation: 1,
      hold_count: 1,
      reason: 'medium tool_call_burst',
      holds: [{ incident_id: incident.id }],
    });
    expect(await actionOf(incident.id)).toMatchObject({ status: 'held' });
    expect((await resolveIncident(db(), incident.id)).ok).toBe(true);
    await eventually(async () => adapter.holding.get('agent/agent:answers')?.state === 'open');
    const listed = await adapterStanding(db(), 'default', name);
    expect(listed).toMatchObject({ state: 'active', last_error: null });
    expect(listed!.last_latency_ms).toBeGreaterThanOrEqual(0);
    expect(listed!.last_ack_at).not.toBeNull();
  });

  it('is sent the present state when it is new', async () => {
    const incident = await report('agent:earlier');
    expect(incident.state).toBe('contained');
    await putIt();
    await eventually(async () => adapter.holding.get('agent/agent:earlier')?.state === 'closed');
  });

  it('is told at once when a gate that it holds is closed again', async () => {
    await putIt();
    await inState((await report('agent:again')).id, 'contained');
    // A pause that was left over would hold back what comes now.
    await db().query(`UPDATE adapter_targets SET next_attempt_at = now() + interval '1 hour' WHERE target = $1`, [
      'agent:again',
    ]);
    await inState((await report('agent:again')).id, 'contained');
  });

  it('hears of what the instance itself reports, and of nothing from another workspace', async () => {
    const other = await startAdapter();
    await register(db(), { name: 'elsewhere', url: other.url, ref: secret.ref, workspace_id: 'other' });
    await putIt();
    const ours = await report('agent:ours');
    await inState(ours.id, 'contained');
    expect(other.holding.has('agent/agent:ours')).toBe(false);
    const own = requestOf('tool_call_burst', { evidence: { subject: 'agent:ours' } }, { workspace_id: 'system' });
    const [reply] = await recordReports(db(), [own]);
    const id = reply?.ok === true ? reply.incident.id : '';
    await inState(id, 'contained');
    for (const { holding } of [adapter, other]) expect(holding.get('agent/agent:ours')?.state).toBe('closed');
    expect(adapter.received.at(-1)).toMatchObject({ generation: 2, hold_count: 2 });
    await resolveIncident(db(), ours.id);
    await eventually(async () => adapter.received.at(-1)?.generation === 3);
    expect(adapter.received.at(-1)).toMatchObject({ state: 'closed', hold_count: 1 });
    await resolveIncident(db(), id);
    await eventually(async () => [adapter, other].every((a) => a.holding.get('agent/agent:ours')?.state === 'open'));
    const asked = { object: 'elsewhere', reason: 'over', single_operator: true, confirm: 'elsewhere', key: freshKey() };
    expect((await retireAdapter(db(), { ...OPERATOR, workspace_id: 'other' }, asked)).ok).toBe(true);
    await other.close();
  });
});

describe('an adapter that does not', () => {
  it('S4-15 fails the containment at the first refusal, and holds it when it comes round', async () => {
    await putIt();
    adapter.behave = (_state, res) => void res.writeHead(503).end();
    const incident = await report('agent:refused');
    await inState(incident.id, 'containment_failed');
    expect(await actionOf(incident.id)).toMatchObject({ status: 'failed', error: `adapter ${name}: refused` });
    expect(await resolveIncident(db(), incident.id)).toMatchObject({ ok: false, code: 'containment_pending' });
    adapter.behave = null;
    await inState(incident.id, 'contained');
    expect(await actionOf(incident.id)).toMatchObject({ status: 'held' });
    expect(await actionOf(incident.id)).not.toHaveProperty('error');
  });

  it.each([
    ['redirects', 'redirected', (res: ServerResponse) => res.writeHead(307, { location: '/else' }).end()],
    ['speaks no JSON', 'reply_malformed', (res: ServerResponse) => res.writeHead(200).end('fine')],
    [
      'names another generation',
      'generation_mismatch',
      (res: ServerResponse) => res.writeHead(200).end('{"generation":99}'),
    ],
    ['answers without end', 'reply_too_large', (res: ServerResponse) => res.writeHead(200).end('x'.repeat(100_000))],
  ])('fails when it %s', async (_what, code, misbehave) => {
    await putIt();
    adapter.behave = (_state, res) => void misbehave(res);
    const incident = await report(`agent:${code}`);
    await inState(incident.id, 'containment_failed');
    expect((await findAdapter(db(), 'default', name))!.last_error).toBe(code);
  });

  it('fails after 5 s of silence, and a late answer to a sending that was given up changes nothing', async () => {
    await putIt();
    const hanging: (() => void)[] = [];
    adapter.behave = (_state, _res, take) => void hanging.push(take);
    const started = Date.now();
    const incident = await report('agent:silent');
    await inState(incident.id, 'containment_failed');
    expect(Date.now() - started).toBeGreaterThan(4_500);
    for (const take of hanging) take();
    adapter.behave = null;
    await inState(incident.id, 'contained');
  });

  it('is retried when it was down and is back', async () => {
    // A port that is nobody else's while nobody listens there.
    const port = await freePorts(1);
    await register(db(), { name, url: `http://127.0.0.1:${port}/hook`, ref: secret.ref });
    const incident = await report('agent:down');
    await inState(incident.id, 'containment_failed');
    expect((await findAdapter(db(), 'default', name))!.last_error).toBe('unreachable');
    const back = createServer((req, res) => {
      let body = '';
      req.on('data', (c) => (body += String(c)));
      req.on('end', () =>
        res.end(JSON.stringify({ generation: (JSON.parse(body) as { generation: number }).generation })),
      );
    });
    await new Promise<void>((resolve) => back.listen(port, '127.0.0.1', resolve));
    await inState(incident.id, 'contained');
    await new Promise((resolve) => back.close(resolve));
  });
});

describe('its process', () => {
  it('is started again when somebody has ended it, and goes on with what is due', async () => {
    const { adapter_id } = await putIt();
    adapter.behave = (_state, res) => void res.writeHead(503).end();
    const incident = await report('agent:terminated');
    await inState(incident.id, 'containment_failed');
    // A poke that is still on its way would start it without anybody having missed it.
    const pokes = () => rows(db(), 'SELECT 1 FROM outbox WHERE workflow_id = $1', [`adapter/${adapter_id}`]);
    await eventually(async () => (await pokes()).length === 0);
    await processes.client.workflow.getHandle(`adapter/${adapter_id}`).terminate();
    adapter.behave = null;
    await db().query("UPDATE process SET started_at = started_at - interval '1 minute' WHERE subject = $1", [
      adapter_id,
    ]);
    const log = pino({ level: 'silent' });
    const recreated = () =>
      rows(db(), `SELECT 1 FROM ledger_entries WHERE object = $1 AND action = 'process_recreated'`, [
        `adapter/${adapter_id}`,
      ]);
    await eventually(async () => {
      await reconcile({ db: db(), client: processes.client, log });
      return (await recreated()).length > 0;
    });
    await inState(incident.id, 'contained');
  });

  it('ends when its adapter is retired', async () => {
    const { adapter_id } = await putIt();
    await processes.running(`adapter/${adapter_id}`);
    const asked = { object: name, reason: 'gone', single_operator: true, confirm: name, key: freshKey() };
    expect((await retireAdapter(db(), OPERATOR, asked)).ok).toBe(true);
    const handle = processes.client.workflow.getHandle(`adapter/${adapter_id}`);
    await eventually(async () => (await handle.describe()).status.name === 'COMPLETED');
  });
});

describe('a restore', () => {
  it('that arrives after a newer hold opens nothing: the adapter ends closed', async () => {
    await putIt();
    const first = await report('agent:late');
    await inState(first.id, 'contained');
    let late: (() => void) | undefined;
    adapter.behave = (state, _res, take) => {
      if (state.state === 'open' && late === undefined) late = take;
      else take();
    };
    await resolveIncident(db(), first.id);
    await eventually(async () => late !== undefined);
    const second = await report('agent:late');
    expect(second.state).toBe('open');
    await inState(second.id, 'contained');
    late!();
    await sleep(100);
    expect(adapter.holding.get('agent/agent:late')).toEqual({ state: 'closed', generation: 3 });
  });
});

describe('an adapter that lost what it held', () => {
  it('makes the action pending again, and is sent the present state', async () => {
    await putIt();
    const incident = await report('agent:lost');
    await inState(incident.id, 'contained');
    adapter.holding.clear();
    adapter.behave = (_state, res) => void res.writeHead(503).end();
    expect(await loseAdapter(db(), OPERATOR, { name, key: freshKey() })).toMatchObject({ ok: true });
    expect(['open', 'containment_failed']).toContain((await incidentNow(db(), incident.id)).state);
    expect(await resolveIncident(db(), incident.id)).toMatchObject({ ok: false, code: 'containment_pending' });
    adapter.behave = null;
    await inState(incident.id, 'contained');
    expect(adapter.holding.get('agent/agent:lost')?.state).toBe('closed');
  });
});

describe('retiring', () => {
  it('ends its part, named in the ledger of each incident it touched', async () => {
    await putIt();
    adapter.behave = (_state, res) => void res.writeHead(503).end();
    const incident = await report('agent:stuck');
    await inState(incident.id, 'containment_failed');
    const asked = { object: name, reason: 'destroyed', single_operator: true };
    expect(await retireAdapter(db(), OPERATOR, { ...asked, key: freshKey() })).toMatchObject({
      code: 'confirmation_required',
    });
    expect(await retireAdapter(db(), OPERATOR, { ...asked, confirm: name, key: freshKey() })).toMatchObject({
      ok: true,
      single_operator: true,
    });
    expect(await actionOf(incident.id)).toMatchObject({ status: 'retired' });
    expect((await incidentNow(db(), incident.id)).state).toBe('contained');
    const entries = await rows<{ detail: string }>(
      db(),
      `SELECT detail FROM ledger_entries WHERE object = $1 AND action = 'containment_part_retired'`,
      [`incident/${incident.id}`],
    );
    expect(JSON.parse(entries[0]!.detail)).toMatchObject({ name });
    expect((await resolveIncident(db(), incident.id)).ok).toBe(true);
  });

  it('waits for the others that still have to acknowledge', async () => {
    const other = await startAdapter();
    const second = `${name}-b`;
    await putIt();
    await register(db(), { name: second, url: other.url, ref: secret.ref });
    adapter.behave = other.behave = (_state, res) => void res.writeHead(503).end();
    const incident = await report('agent:two');
    await inState(incident.id, 'containment_failed');
    await retireAdapter(db(), OPERATOR, {
      object: name,
      reason: 'gone',
      single_operator: true,
      confirm: name,
      key: freshKey(),
    });
    expect((await actionOf(incident.id)).status).toBe('failed');
    other.behave = null;
    await inState(incident.id, 'contained');
    expect((await actionOf(incident.id)).status).toBe('held');
    await retireAdapter(db(), OPERATOR, {
      object: second,
      reason: 'gone',
      single_operator: true,
      confirm: second,
      key: freshKey(),
    });
    await other.close();
  });
});
