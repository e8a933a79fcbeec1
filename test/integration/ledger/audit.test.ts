import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { recordReports } from '../../../db/command/intake.ts';
import { json, startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { allPublished, append, entryOf, startSequencers } from '../../support/log.ts';
import { requestOf } from '../../support/record.ts';

interface Audited {
  id: string;
  ts: string;
  user_id: string;
  on_behalf_of: string | null;
  action: string;
  entity_type: string;
  entity_id: string;
  workspace_id: string;
}

let api: ApiUnderTest;
let sequencers: { stop: () => Promise<void> };
const DAY = 24 * 3600 * 1000;
const now = Date.now();
const daysAgo = (days: number) => new Date(now - days * DAY).toISOString();

beforeAll(async () => {
  api = await startApi();
  sequencers = startSequencers(api);
  const actors = ['ann', 'ben', 'cleo'];
  await append(
    api.db,
    ...Array.from({ length: 60 }, (_, i) =>
      entryOf(i, {
        at: daysAgo((60 - i) / 4),
        actor: actors[i % 3] as string,
        on_behalf_of: i % 2 === 0 ? 'ops@org' : null,
        action: i % 5 === 0 ? 'export_approved' : 'export_requested',
        object: `export/EXP-${i % 4}`,
        workspace_id: i % 10 === 9 ? 'lab' : 'default',
      }),
    ),
  );
  await allPublished(api.db);
});
afterAll(async () => {
  await sequencers?.stop();
  await api?.close();
});

/** Every page of a query. */
async function audit(query: string, init?: RequestInit): Promise<Audited[]> {
  const found: Audited[] = [];
  for (let path: string | undefined = `/v1/audit?${query}`; path !== undefined;) {
    const response: Response = await api.get(path, init);
    expect(response.status, path).toBe(200);
    found.push(...((await response.json()) as Audited[]));
    path = /<([^>]+)>/.exec(response.headers.get('link') ?? '')?.[1];
  }
  return found;
}

describe('the audit query', () => {
  it('S0-32 lists who did what to what in the last 7 days, newest first', async () => {
    const found = await audit('since=7d&entity=export/EXP-1');
    expect(found.length).toBeGreaterThan(4);
    expect(found[0]).toMatchObject({
      ts: daysAgo((60 - 57) / 4),
      user_id: 'ann',
      on_behalf_of: null,
      action: 'export_requested',
      entity_type: 'export',
      entity_id: 'EXP-1',
      workspace_id: 'default',
    });
    expect(found.map((e) => e.ts)).toEqual(
      found
        .map((e) => e.ts)
        .sort()
        .reverse(),
    );
    for (const { ts } of found) expect(Date.parse(ts)).toBeGreaterThanOrEqual(now - 7 * DAY);
  });

  it('filters by actor, action, entity and time, in pages that together are the whole', async () => {
    const mine = 'since=30d&until=1s';
    const all = (await audit(mine)).filter((e) => e.entity_type === 'export');
    expect(all).toHaveLength(54);
    const ids = (list: Audited[]) => list.map((e) => e.id);
    for (const [query, is] of [
      ['actor=ben', (e) => e.user_id === 'ben'],
      ['action=export_approved', (e) => e.action === 'export_approved'],
      ['entity=export/EXP-2', (e) => e.entity_id === 'EXP-2'],
      ['actor=ann&action=export_approved', (e) => e.user_id === 'ann' && e.action === 'export_approved'],
      [
        `since=${daysAgo(10)}&until=${daysAgo(5)}&actor=cleo`,
        (e) => e.user_id === 'cleo' && e.ts >= daysAgo(10) && e.ts < daysAgo(5),
      ],
    ] satisfies [string, (e: Audited) => boolean][]) {
      const full = query.includes('since') ? query : `${mine}&${query}`;
      const expected = ids(all.filter(is));
      expect(expected.length, query).toBeGreaterThan(2);
      for (const limit of [1000, 7, 1]) expect(ids(await audit(`${full}&limit=${limit}`)), query).toEqual(expected);
    }
    expect(await audit('actor=nobody')).toEqual([]);
  });

  it('keeps to the workspaces that the caller sees', async () => {
    const lab = await audit('since=30d', { headers: { 'X-Interlock-Workspace': 'lab' } });
    expect([lab.length, new Set(lab.map((e) => e.workspace_id))]).toEqual([6, new Set(['lab'])]);
  });

  it.each([
    ['since=7', 'since'],
    ['since=yesterday', 'since'],
    ['since=2026-02-01', 'since'],
    ['since=0000-01-01T00:00:00Z', 'since'],
    ['until=9999-12-31T23:59:59-12:00', 'until'],
    ['limit=0', 'limit'],
    ['actor=', 'actor'],
    ['cursor=x', 'cursor'],
    ['who=ann', 'who'],
    ['actor=a&actor=b', 'actor'],
  ])('refuses %s', async (query, path) => {
    const response = await api.get(`/v1/audit?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ fields: [{ path }] });
  });

  it('takes times that no calendar has as the moment they would be, never as an error of ours', async () => {
    for (const since of ['2026-02-30T00:00:00Z', '9999w', '1000-01-01T00:00:00Z'])
      expect([200, 400], since).toContain((await api.get(`/v1/audit?since=${since}`)).status);
  });

  it('S0-31 S0-32 the view says the same to psql, also of what has no place in the log yet', async () => {
    const [reply] = await recordReports(api.db, [requestOf('prompt_injection', {}, { actor: 'dora' })]);
    const id = reply?.ok === true ? reply.incident.id : '';
    const seen = (condition: string) =>
      rows<{ user_id: string; action: string }>(
        api.db,
        `SELECT ts, user_id, action, entity_type, entity_id FROM audit_events WHERE ts >= now() - interval '7 days' AND ${condition}
          ORDER BY ts DESC`,
      );
    const expected = [
      { user_id: 'dora', action: 'incident_reported', entity_type: 'incident', entity_id: id },
      { user_id: 'dora', action: 'operator_alert', entity_type: 'incident', entity_id: id },
      { user_id: 'dora', action: 'holds_placed', entity_type: 'incident', entity_id: id },
    ];
    const sorted = (list: object[]) => list.map((e) => JSON.stringify(e)).sort();
    const bare = async () =>
      (await seen(`user_id = 'dora'`)).map(({ user_id, action, ...e }) => ({ user_id, action, ...e, ts: undefined }));
    expect(sorted(await bare())).toEqual(sorted(expected));
    await allPublished(api.db);
    expect(sorted(await bare())).toEqual(sorted(expected));
    const listed = await audit(`since=7d&entity=incident/${id}`);
    expect(
      sorted(
        listed.map((e) => ({
          user_id: e.user_id,
          action: e.action,
          entity_type: e.entity_type,
          entity_id: e.entity_id,
        })),
      ),
    ).toEqual(sorted(expected));
    await expect(rows(api.db, `SELECT count(*) FROM audit_events`)).resolves.toHaveLength(1);
  });
});

describe('the search columns of the log', () => {
  it('are no way to stop it: an entry whose words are too long for an index has its place too', async () => {
    // Nothing that an index could compress.
    const long = Array.from({ length: 40 }, (_, i) => createHash('sha256').update(`${i}`).digest('hex')).join('é');
    await append(api.db, entryOf(70, { object: `model/${long}`, actor: long.slice(0, 1500) }));
    await append(
      api.db,
      entryOf(71, {
        action: 'adapter_acknowledged',
        detail: { gate: 'agent', target: long.slice(0, 1500), incidents: 7, members: ['x', 3] },
      }),
    );
    await append(api.db, entryOf(72, { action: 'escalation_opened', object: 'escalation', detail: { members: 3 } }));
    await append(api.db, entryOf(73, { object: 'incident/', actor: '' }));
    await allPublished(api.db);
    const [found] = await audit(`entity=${encodeURIComponent(`model/${long.slice(0, 1000)}`)}`);
    expect(found).toMatchObject({ entity_type: 'model', entity_id: long });
  });

  it('are not changed by whoever can write to the database as Interlock does', async () => {
    for (const statement of [
      `UPDATE log_index SET actor = 'x'`,
      'DELETE FROM log_mentions',
      `UPDATE log_mentions SET topic = 'x'`,
    ])
      await expect(api.db.query(statement)).rejects.toMatchObject({ code: '42501' });
  });
});

describe('the timeline of an incident', () => {
  it('S1-115 is written once, in the order of the log, with who did what and when', async () => {
    const report = async (cls: 'manifest_mismatch' | 'tool_call_burst') => {
      const response = await api.post('/api/v1/incidents/report', { class: cls, source: 's', description: 'd' });
      return ((await response.json()) as { id: string }).id;
    };
    const [id, other] = [await report('manifest_mismatch'), await report('tool_call_burst')];
    await append(
      api.db,
      entryOf(80, {
        object: `incident/${id}`,
        action: 'recovery_acknowledged',
        on_behalf_of: 'me@org',
        detail: { operator: 'me@org' },
      }),
      entryOf(81, { object: `hold/${id}/quarantine_model`, action: 'model_release_granted' }),
      entryOf(82, { object: `escalation/default/${id}`, action: 'escalation_opened', detail: { members: [other] } }),
      entryOf(83, {
        object: 'adapter/ADP-1',
        action: 'adapter_acknowledged',
        detail: { name: 'fw', incidents: [id, other] },
      }),
      entryOf(84, { object: `incident/${other}`, action: 'incident_resolved' }),
      entryOf(86, {
        object: 'adapter/ADP-1',
        action: 'adapter_acknowledged',
        detail: { name: 'fw', state: 'open', restored: [other] },
      }),
    );
    await allPublished(api.db);
    type Line = {
      id: string;
      index: number;
      entry: { action: string; actor: string; on_behalf_of: string | null; at: string };
    };
    const whole = await json<Line[]>(api.get(`/v1/incidents/${id}/timeline`));
    expect(whole.map((l) => l.entry.action)).toEqual([
      'incident_reported',
      'holds_placed',
      'recovery_acknowledged',
      'model_release_granted',
      'escalation_opened',
      'adapter_acknowledged',
    ]);
    expect(whole[2]).toMatchObject({ entry: { actor: 'local-operator', on_behalf_of: 'me@org' } });
    expect(whole.map((l) => l.index)).toEqual(whole.map((l) => l.index).sort((a, b) => a - b));
    const others = await json<Line[]>(api.get(`/v1/incidents/${other}/timeline`));
    expect(others.map((l) => l.entry.action)).toEqual([
      'incident_reported',
      'holds_placed',
      'escalation_opened',
      'adapter_acknowledged',
      'incident_resolved',
      'adapter_acknowledged',
    ]);

    const paged: Line[] = [];
    for (let path: string | undefined = `/v1/incidents/${id}/timeline?limit=2`; path !== undefined;) {
      const response: Response = await api.get(path);
      const page = (await response.json()) as Line[];
      expect(page.length).toBeLessThanOrEqual(2);
      paged.push(...page);
      path = /<([^>]+)>/.exec(response.headers.get('link') ?? '')?.[1];
    }
    expect(paged).toEqual(whole);
    await append(api.db, entryOf(85, { object: `incident/${id}`, action: 'incident_resolved' }));
    await allPublished(api.db);
    const later = await json<Line[]>(api.get(`/v1/incidents/${id}/timeline`));
    expect(later.slice(0, -1)).toEqual(whole);
    expect(later.at(-1)?.entry.action).toBe('incident_resolved');
    expect(
      (await api.get(`/v1/incidents/${id}/timeline`, { headers: { 'X-Interlock-Workspace': 'lab' } })).status,
    ).toBe(404);
    expect((await api.get('/v1/incidents/INC-20260101-000000-9999/timeline')).status).toBe(404);
    expect((await api.get(`/v1/incidents/${id}/timeline?cursor=x`)).status).toBe(400);
  });

  it('ledger_index leads from an incident to the entry that carries its hash', async () => {
    const response = await api.post('/api/v1/incidents/report', {
      class: 'prompt_injection',
      source: 's',
      description: 'd',
    });
    const { id } = (await response.json()) as { id: string };
    await append(api.db, entryOf(90, { object: `incident/${id}`, action: 'process_recreated', record_version: 1 }));
    await allPublished(api.db);
    const got = () => json<{ hash: string; ledger_index?: number }>(api.get(`/api/v1/incidents/get?id=${id}`));
    const { hash, ledger_index } = await got();
    const { leaf } = await json<{ leaf: string }>(api.get(`/v1/ledger/proof?index=${ledger_index}`));
    expect(JSON.parse(leaf)).toMatchObject({ object: `incident/${id}`, record_hash: hash, record_version: 1 });
    // A version that waits for its place has none.
    await append(api.db, entryOf(91, { object: `incident/${id}`, record_hash: 'f'.repeat(64), record_version: 2 }));
    await allPublished(api.db);
    expect((await got()).ledger_index).toBeUndefined();
  });
});
