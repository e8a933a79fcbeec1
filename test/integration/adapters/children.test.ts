import { describe, expect, it } from 'vitest';
import { createAdapterActivities } from '../../../activities/adapters/create-adapter-activities.ts';
import { one, rows } from '../../../db/client.ts';
import { heartbeatChild, isLeased } from '../../../db/command/adapter-children.ts';
import { restartChild } from '../../../db/command/restart-child.ts';
import { adapterPort } from '../../../workers/adapter-port.ts';
import { groupRuns } from '../../../workers/children/group.ts';
import { freshKey } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { OPERATOR, reportIncident } from '../../support/record.ts';
import { webhookHeaders } from '../../support/webhook.ts';
import { startApi } from '../api/api-under-test.ts';
import { databaseText, set } from '../../support/secrets.ts';
import {
  VALUE,
  record,
  masterKey,
  children,
  starts,
  heard,
  noted,
  put,
  standing,
  alive,
  entries,
} from '../../support/child-adapters.ts';

describe('an adapter that is a child process', () => {
  it('is told states over its pipes, and acknowledges them', async () => {
    const adapter = await put('good');
    await alive('good');
    const { db } = record;
    const activities = createAdapterActivities(adapterPort({ db, masterKey }, children.ask));
    const incident = await reportIncident(db, 'tool_call_burst', { evidence: { subject: 'agent:told' } });
    expect(incident.state).toBe('open');
    const of = {
      workspace_id: 'default',
      adapter_id: adapter.adapter_id,
      gate: 'agent' as const,
      target: 'agent:told',
    };
    await activities.tellAdapter(of);
    expect(heard({ target: 'agent:told', state: 'closed', generation: 1 })).toBeDefined();
    expect(await one(db, 'SELECT state FROM incidents WHERE id = $1', [incident.id])).toEqual({ state: 'contained' });
    expect(await standing('good')).toMatchObject({ last_error: null, due: 0 });
  });

  it('that answers nothing, or another generation, or is not there has not acknowledged', async () => {
    const { db } = record;
    const tell = async (name: string, withinMs: number) => {
      const adapter = await put(name, [name]);
      await alive(name);
      const activities = createAdapterActivities(
        adapterPort({ db, masterKey }, (of, id, content) => children.ask(of, id, content, withinMs)),
      );
      await reportIncident(db, 'tool_call_burst', { evidence: { subject: `agent:${name}` } });
      const { adapter_id } = adapter;
      const target = `agent:${name}`;
      const sent = async () => {
        await activities.tellAdapter({ workspace_id: 'default', adapter_id, gate: 'agent', target });
        return (await standing(name))?.last_error;
      };
      return { sent, adapter_id };
    };
    expect(await (await tell('mute', 300)).sent()).toBe('timeout');
    const late = await tell('late', 60_000);
    expect(await late.sent()).toBe('generation_mismatch');
    await db.query(`UPDATE adapters SET state = 'retired' WHERE name = 'late'`);
    await eventually(async () => (await standing('late'))?.lease_id === null);
    await db.query(`UPDATE adapters SET state = 'active', command = '/nowhere' WHERE name = 'late'`);
    await eventually(async () => (await standing('late'))?.last_error === 'command_not_allowed');
    await db.query(`UPDATE adapter_targets SET due = true, next_attempt_at = NULL`);
    expect(await late.sent()).toBe('child_not_running');
  });

  it('S1-77 is replaced when a slot of it has another value, and gets that one', async () => {
    await put('rotated');
    const first = await alive('rotated');
    expect(starts()).toMatchObject([{ credential: VALUE }]);
    await set({ db: record.db, masterKey }, 'sidecar.key', 'the second value');
    await eventually(async () => starts().length === 2);
    expect(starts()[1]).toMatchObject({ credential: 'the second value' });
    expect(await alive('rotated')).not.toBe(first);
    const [before, after] = starts();
    expect(groupRuns(before?.pid ?? 0)).toBe(false);
    expect(groupRuns(after?.pid ?? 0)).toBe(true);
    expect((await standing('rotated'))?.child_slots).toMatchObject([{ slot: 'sidecar.key', version: 2 }]);
  });

  it('S1-141 a rotated slot ends its lease and its signatures, and starts one run in its place', async () => {
    const { db } = record;
    const slot = (value: string) => set({ db, masterKey }, 'sidecar.shared', value, { class: 'control' });
    await slot('the shared value before');
    const api = await startApi({ databaseUrl: record.url, masterKey });
    const send = async (secret: string) => {
      const body = JSON.stringify({ class: 'tool_call_burst', description: 'd' });
      const now = Math.floor(Date.now() / 1000);
      const headers = webhookHeaders({ id: crypto.randomUUID(), timestamp: now, body, secret });
      return (await api.post('/v1/adapters/smoke/events', body, headers)).status;
    };
    try {
      const of = await put('smoke', [], {
        credential_slots: [{ slot: 'sidecar.shared', env: 'CREDENTIAL' }],
        secret: { ref: 'slot:sidecar.shared' },
        classes: ['tool_call_burst'],
      });
      const first = await alive('smoke');
      expect(await send('the shared value before')).toBe(201);
      await slot('the shared value after');
      expect([await send('the shared value before'), await send('the shared value after')]).toEqual([401, 201]);
      await eventually(async () => starts().length === 2);
      expect(await alive('smoke')).not.toBe(first);
      const runs = await rows<{ lease_id: string; ended: boolean }>(
        db,
        'SELECT lease_id, ended_at IS NOT NULL AS ended FROM adapter_children WHERE adapter_id = $1 ORDER BY started_at',
        [of.adapter_id],
      );
      expect(runs.map((run) => run.ended)).toEqual([true, false]);
      expect(runs[0]?.lease_id).toBe(first);
      expect(starts().map((start) => groupRuns(start.pid))).toEqual([false, true]);
      expect(await databaseText(db)).not.toContain('the shared value');
    } finally {
      await api.close();
    }
  });

  it('S1-78 is replaced when it is put again, and when it is restarted', async () => {
    const { adapter_id } = await put('again');
    const leases = [await alive('again')];
    await put('again', ['mute']);
    await eventually(async () => starts().length === 2);
    leases.push(await alive('again'));
    await restartChild(record.db, OPERATOR, { name: 'again', key: freshKey() });
    await eventually(async () => starts().length === 3);
    leases.push(await alive('again'));
    expect(new Set(leases).size).toBe(3);
    const said = await entries(adapter_id);
    expect(said.filter((e) => e.action === 'adapter_child_started').map((e) => e.detail['lease_id'])).toEqual(leases);
    expect(said.filter((e) => e.action === 'adapter_child_ended').map((e) => e.detail['code'])).toEqual([
      'replaced',
      'replaced',
    ]);
  });

  it('S1-92 is believed by the token of its present run alone', async () => {
    const of = await put('lease');
    const first = await alive('lease');
    expect(heard({ heartbeat: { ok: false, code: 'lease_ended' } })).toBeUndefined();
    await eventually(async () => heard({ id: 'own', credential: await value() }));
    await eventually(async () => heard({ id: 'other', error: 'not_permitted' }));
    const token = 'a token of an earlier run';
    expect(await heartbeatChild(record.db, of, token)).toBeNull();
    expect(await isLeased(record.db, of, token)).toBe(false);

    await put('lease', ['old']);
    await eventually(async () => heard({ heartbeat: { ok: false, code: 'lease_ended' } }));
    await eventually(async () => heard({ id: 'own', error: 'lease_ended' }));
    await put('lease');
    await eventually(async () => starts().length === 3);
    const last = await alive('lease');
    expect(last).not.toBe(first);
  });

  it('that floods us is heard a few times, and lives on', async () => {
    await put('loud', ['flood']);
    await alive('loud');
    // Asked after the flood, and answered behind whatever of it was heard.
    await eventually(async () => heard({ id: 'other', error: 'not_permitted' }));
    const answered = noted().filter((note) => note.heard?.['heartbeat'] !== undefined);
    expect(answered.length).toBeGreaterThan(0);
    expect(answered.length).toBeLessThan(500);
    expect(starts()).toHaveLength(1);
  });

  const value = async () => (starts().at(-1)?.credential ?? null) as string;

  it('S1-89 shows which lease and which versions it runs under, of token and value nothing', async () => {
    const { adapter_id } = await put('shown');
    await alive('shown');
    const text = await databaseText(record.db);
    const token = await one<{ length: number }>(
      record.db,
      'SELECT length(token_digest) FROM adapter_children WHERE adapter_id = $1',
      [adapter_id],
    );
    expect(token?.length).toBe(32);
    expect(text).not.toContain(await value());
    const [start] = starts();
    expect(JSON.stringify(start?.argv)).not.toContain(await value());
    const allowed = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'CREDENTIAL', 'INTERLOCK_LEASE_TOKEN'];
    expect(start?.names?.filter((name) => !allowed.includes(name))).toEqual([]);
    expect(Object.keys(process.env).some((name) => !allowed.includes(name))).toBe(true);
  });
});
