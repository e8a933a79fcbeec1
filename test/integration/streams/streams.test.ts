import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { recordReports } from '../../../db/command/intake.ts';
import { parseTokens } from '../../../api/auth/tokens-file.ts';
import type { Tokens } from '../../../api/auth/tokens-file.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest, Options } from '../api/api-under-test.ts';
import { eventually } from '../../support/eventually.ts';
import { openEventSource } from '../../support/event-source.ts';
import type { EventSource } from '../../support/event-source.ts';
import { allPublished, append, entryOf, startSequencers } from '../../support/log.ts';
import { requestOf } from '../../support/record.ts';

let api: ApiUnderTest;
let sequencers: { stop: () => Promise<void> };
const opened: (() => unknown)[] = [];
beforeAll(async () => {
  api = await startApi();
  sequencers = startSequencers(api);
  await append(api.db, entryOf(0));
  await allPublished(api.db);
});
afterAll(async () => {
  await sequencers?.stop();
  await api?.close();
});
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function stream(path: string, headers: Record<string, string> = {}, on = api): Promise<EventSource> {
  const source = await openEventSource(on.url + path, headers);
  opened.push(source.close);
  return source;
}

/** Another API process over the same record. */
async function another(options: Options): Promise<ApiUnderTest> {
  const started = await startApi({ databaseUrl: api.databaseUrl, ...options });
  opened.push(started.close);
  return started;
}

const objects = (source: EventSource) => source.events.map((e) => e.data['object']);

describe('the event stream', () => {
  it('S1-30 S1-25 S1-13 sends entries as they come into the log, unbuffered', async () => {
    const source = await stream('/v1/events/stream');
    expect(source.status).toBe(200);
    expect(source.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    expect(source.headers['content-encoding']).toBeUndefined();
    expect(source.headers['content-length']).toBeUndefined();
    await append(api.db, entryOf(1), entryOf(2));
    const [first, second] = await source.count(2);
    expect([first, second]).toMatchObject([
      { event: 'tested', data: { object: 'test/1', actor: 'local-operator', detail: { n: 1 } } },
      { event: 'tested', data: { object: 'test/2' } },
    ]);
    expect(first?.id).toMatch(/^1-\d+$/);
    expect(source.retry).toBeGreaterThanOrEqual(1000);
    const { leaf } = (await (await api.get(`/v1/ledger/proof?index=${second?.id.slice(2)}`)).json()) as {
      leaf: string;
    };
    expect(JSON.parse(leaf)).toEqual(second?.data);
  });

  it('S1-137 goes on behind the entry that a client names, and tells one that has none where it stands', async () => {
    const quiet = await stream('/v1/events/stream');
    const standing = await eventually(async () => quiet.lastEventId);
    quiet.close();
    await append(api.db, entryOf(3), entryOf(4));
    await allPublished(api.db);
    const back = await stream('/v1/events/stream?after=start', { 'Last-Event-ID': standing });
    await back.count(2);
    expect(objects(back)).toEqual(['test/3', 'test/4']);
    const asked = await stream(`/v1/events/stream?after=${back.events[0]?.id}`);
    expect((await asked.count(1)).map((e) => e.data['object'])).toEqual(['test/4']);
    const all = await stream('/v1/events/stream?after=start');
    const size = await allPublished(api.db);
    expect((await all.count(size)).map((e) => e.id)).toEqual(Array.from({ length: size }, (_, i) => `1-${i}`));
  });

  it('refuses a Last-Event-ID that is none, or lies ahead of the log', async () => {
    const size = await allPublished(api.db);
    for (const [id, code] of [
      ['7', 'invalid_value'],
      ['0-7', 'invalid_value'],
      ['1-07', 'invalid_value'],
      ['1-', 'invalid_value'],
      ['1-1, 1-2', 'invalid_value'],
      [`1-${size}`, 'ahead_of_log'],
      ['2-0', 'ahead_of_log'],
    ] as const) {
      const refused = await stream('/v1/events/stream', { 'Last-Event-ID': id });
      expect(refused.status, id).toBe(400);
      await eventually(async () => refused.over);
      expect(JSON.parse(refused.body), id).toMatchObject({ fields: [{ path: 'Last-Event-ID', code }] });
    }
    expect((await stream(`/v1/events/stream?after=1-${size - 1}`)).status).toBe(200);
    expect((await stream('/v1/events/stream?after=x')).status).toBe(400);
    expect((await stream('/v1/events/stream?since=1-1')).status).toBe(400);
    expect((await fetch(`${api.url}/v1/events/stream`, { method: 'HEAD' })).status).toBe(200);
  });

  it('keeps to the workspaces that the caller sees', async () => {
    const all = await stream('/v1/events/stream');
    const lab = await stream('/v1/events/stream', { 'X-Interlock-Workspace': 'lab' });
    const inWorkspace = (n: number, workspace_id: string) => entryOf(n, { workspace_id });
    await append(api.db, inWorkspace(10, 'lab'), inWorkspace(11, 'other'), inWorkspace(12, 'system'), entryOf(13));
    await all.count(2);
    await lab.count(1);
    await append(api.db, inWorkspace(14, 'lab'), entryOf(15));
    await lab.count(2);
    await all.count(3);
    expect(objects(all)).toEqual(['test/12', 'test/13', 'test/15']);
    expect(objects(lab)).toEqual(['test/10', 'test/14']);
    const replayed = await stream('/v1/events/stream?after=start', { 'X-Interlock-Workspace': 'lab' });
    await replayed.count(2);
    expect(objects(replayed)).toEqual(['test/10', 'test/14']);
  });

  it('S1-33 keeps an idle stream alive', async () => {
    const beating = await another({ streamLimits: { heartbeatMs: 20 } });
    const idle = await stream('/v1/events/stream', {}, beating);
    await eventually(async () => idle.comments >= 3);
    expect(idle.events).toEqual([]);
    expect(idle.over).toBeUndefined();
  });

  it('answers 429 to one stream too many, and serves the next when one has ended', async () => {
    const small = await another({ streamLimits: { streams: 2 } });
    const first = await stream('/v1/events/stream', {}, small);
    await stream('/v1/events/stream', {}, small);
    expect((await stream('/v1/events/stream', {}, small)).status).toBe(429);
    first.close();
    await eventually(async () => (await stream('/v1/events/stream', {}, small)).status === 200);
  });

  it('ends with the token that it was opened with', async () => {
    const tokenOf = (user: string) => `token-of-${user}`;
    const line = (user: string) =>
      JSON.stringify({
        sha256: createHash('sha256').update(tokenOf(user)).digest('hex'),
        user,
        role: 'viewer',
      });
    let tokens: Tokens = parseTokens(`${line('a')}\n${line('b')}`);
    const guarded = await another({ auth: { loopbackTrust: false, tokens: async () => tokens } });
    const bearer = (user: string) => ({ Authorization: `Bearer ${tokenOf(user)}` });
    expect((await stream('/v1/events/stream', {}, guarded)).status).toBe(401);
    const [a, b] = [
      await stream('/v1/events/stream', bearer('a'), guarded),
      await stream('/v1/events/stream', bearer('b'), guarded),
    ];
    tokens = parseTokens(line('b'));
    await eventually(async () => a.over === 'end');
    await append(api.db, entryOf(20));
    await b.count(1);
    expect([a.events, b.over]).toEqual([[], undefined]);
  });
});

describe('streams of one thing', () => {
  const report = async (subject: string | undefined) => {
    const evidence = subject === undefined ? {} : { subject };
    const [reply] = await recordReports(api.db, [requestOf('manifest_mismatch', { evidence })]);
    return reply?.ok === true ? reply.incident.id : '';
  };

  it('S1-30 S1-137 of an incident, live and replayed', async () => {
    const id = await report('agent:one');
    await report('agent:other');
    const live = await stream(`/v1/incidents/${id}/stream?after=start`);
    await live.count(2);
    await append(api.db, entryOf(30, { object: `incident/${id}`, action: 'later' }));
    await append(api.db, entryOf(31, { object: `hold/${id}/freeze_agent`, action: 'model_released' }));
    await append(api.db, entryOf(32, { action: 'adapter_acknowledged', detail: { incidents: ['INC-x', id] } }));
    await append(api.db, entryOf(33, { object: `escalation/default/${id}`, action: 'operator_alert' }));
    await append(api.db, entryOf(34));
    await live.count(6);
    expect(live.events.map((e) => e.event)).toEqual([
      'incident_reported',
      'holds_placed',
      'later',
      'model_released',
      'adapter_acknowledged',
      'operator_alert',
    ]);
    const replayed = await stream(`/v1/incidents/${id}/stream`, { 'Last-Event-ID': live.events[1]?.id ?? '' });
    expect(await replayed.count(4)).toEqual(live.events.slice(2));
    expect((await stream('/v1/incidents/INC-20260101-000000-9999/stream')).status).toBe(404);
    const lab = { 'X-Interlock-Workspace': 'lab' };
    expect((await stream(`/v1/incidents/${id}/stream`, lab)).status).toBe(404);
  });

  it('S1-30 S1-137 of a subject: the incidents that freeze it by name, and what adapters say of it', async () => {
    const live = await stream(`/v1/subjects/${encodeURIComponent('agent:a/b')}/stream`);
    await eventually(async () => live.lastEventId);
    const id = await report('agent:a/b');
    await report('agent:a');
    await report(undefined);
    const acked = { name: 'fw', gate: 'agent', target: 'agent:a/b', state: 'closed', generation: 1 };
    await append(api.db, entryOf(40, { action: 'adapter_acknowledged', detail: acked }));
    await append(api.db, entryOf(41, { action: 'adapter_acknowledged', detail: { ...acked, gate: 'tool' } }));
    await append(api.db, entryOf(42, { action: 'told', object: 'subject/agent:a/b' }));
    await append(api.db, entryOf(43, { action: 'recovery_acknowledged', object: `incident/${id}` }));
    await live.count(5);
    expect(live.events.map((e) => e.event)).toEqual([
      'incident_reported',
      'holds_placed',
      'adapter_acknowledged',
      'told',
      'recovery_acknowledged',
    ]);
    const replayed = await stream(`/v1/subjects/${encodeURIComponent('agent:a/b')}/stream?after=start`);
    expect(await replayed.count(5)).toEqual(live.events);
    expect((await stream(`/v1/subjects/${encodeURIComponent('agent:\n')}/stream`)).status).toBe(400);
    expect((await stream(`/v1/subjects/${'x'.repeat(257)}/stream`)).status).toBe(400);
  });

  it('S1-30 S1-137 of a run', async () => {
    const live = await stream('/v1/runs/RUN-1/stream');
    await eventually(async () => live.lastEventId);
    const of = (n: number, run: string) => entryOf(n, { object: `run/${run}`, action: 'run_started' });
    await append(api.db, of(50, 'RUN-1'), of(51, 'RUN-10'), of(52, 'RUN-1'));
    const events = await live.count(2);
    expect(events.map((e) => e.data['detail'])).toEqual([{ n: 50 }, { n: 52 }]);
    const replayed = await stream('/v1/runs/RUN-1/stream', { 'Last-Event-ID': events[0]?.id ?? '' });
    expect(await replayed.count(1)).toEqual(events.slice(1));
  });
});
