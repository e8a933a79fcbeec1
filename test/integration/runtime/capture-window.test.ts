import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import { closeCapture } from '../../../db/command/close-capture.ts';
import { openCapture } from '../../../db/command/open-capture.ts';
import { runtimePosture } from '../../../db/read/runtime.ts';
import { listCaptures } from '../../../db/read/captures.ts';
import { showCapture } from '../../../db/command/show-capture.ts';
import { SECRET, startAdapter } from '../../support/adapter-server.ts';
import { freshKey, register, secretFile } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { OPERATOR, reportIncident } from '../../support/record.ts';
import { databaseText, freshMasterKey } from '../../support/secrets.ts';

let on: TestProcesses;
const master = freshMasterKey();
beforeAll(async () => {
  on = await startProcesses({ control: { masterKey: master } });
});
afterAll(() => on?.close());

const owner = (workspace_id: string) => ({ workspace_id, actor: 'owner@org', on_behalf_of: null });
const workspace = () => `w-${crypto.randomUUID()}`;
const open = async (w: string, seconds: number) => {
  const deps = { db: on.db, masterKey: () => master };
  return openCapture(deps, owner(w), { level: 'full', seconds, ticket: 'T-1', key: freshKey() });
};
const opened = async (w: string, seconds: number) => {
  const window = await open(w, seconds);
  if (!window.ok) throw new Error(window.code);
  return window;
};
const entries = async (w: string) =>
  (
    await rows<{ action: string; detail: string }>(
      on.db,
      `SELECT action, detail FROM ledger_entries WHERE workspace_id = $1 AND action LIKE 'capture%' ORDER BY entry_id`,
      [w],
    )
  ).map(({ action, detail }) => ({ action, ...(JSON.parse(detail) as object) }));
const ended = (id: string) =>
  eventually(async () => {
    const found = await on.client.workflow
      .getHandle(`capture/${id}`)
      .describe()
      .catch(() => undefined);
    return found?.status.name === 'COMPLETED';
  });

describe('captureWindow', () => {
  it('S1-20 S1-129 closes itself by the clock of the database, on the record and with an alert', async () => {
    const w = workspace();
    const { window_id } = await opened(w, 8);
    expect((await runtimePosture(on.db, w)).window).toMatchObject({ window_id, level: 'full', ticket: 'T-1' });
    await ended(window_id);
    expect((await runtimePosture(on.db, w)).window).toBeNull();
    expect(await entries(w)).toMatchObject([
      { action: 'capture_opened', level: 'full', ticket: 'T-1' },
      { action: 'capture_closed', reason: 'expired', captured: 0, dropped: 0 },
    ]);
    const alerts = await rows(on.db, 'SELECT message FROM notifications WHERE workspace_id = $1', [w]);
    expect(alerts).toEqual([{ message: `capture window ${window_id} (full) closed itself: 0 kept, 0 dropped` }]);
    expect(
      await one(on.db, 'SELECT 1 FROM process WHERE subject = $1 AND over_at IS NULL', [window_id]),
    ).toBeUndefined();
  });

  it('S1-96 is closed by hand at once, without an alert; its process ends', async () => {
    const w = workspace();
    const { window_id } = await opened(w, 1800);
    await on.running(`capture/${window_id}`);
    expect(await open(w, 60)).toEqual({ ok: false, code: 'capture_open' });
    expect(await closeCapture(on.db, owner(w), { key: freshKey() })).toEqual({ ok: true, closed: window_id });
    expect((await runtimePosture(on.db, w)).window).toBeNull();
    expect(await closeCapture(on.db, owner(w), { key: freshKey() })).toEqual({ ok: true, closed: null });
    await ended(window_id);
    expect((await entries(w)).at(-1)).toMatchObject({ action: 'capture_closed', reason: 'off' });
    expect(await one(on.db, 'SELECT 1 FROM notifications WHERE workspace_id = $1', [w])).toBeUndefined();
  });

  it('the database itself takes no full window without a ticket or beyond half an hour', async () => {
    const w = workspace();
    const { window_id } = await opened(w, 1800);
    for (const change of ['ticket = NULL', `not_after = opened_at + interval '31 minutes'`])
      await expect(
        on.db.query(`UPDATE capture_windows SET ${change} WHERE window_id = $1`, [window_id]),
      ).rejects.toMatchObject({ constraint: 'capture_windows_full' });
  });

  it('one whose process never ran is over by the clock, and closed by whoever opens the next', async () => {
    const w = workspace();
    const { window_id } = await opened(w, 1800);
    await on.running(`capture/${window_id}`);
    await on.db.query(
      `UPDATE capture_windows SET opened_at = opened_at - interval '1 hour', not_after = not_after - interval '1 hour'
        WHERE window_id = $1`,
      [window_id],
    );
    expect((await runtimePosture(on.db, w)).window).toBeNull();
    expect(await open(w, 60)).toMatchObject({ ok: true });
    expect((await entries(w))[1]).toMatchObject({ action: 'capture_closed', reason: 'expired' });
    await ended(window_id);
  });

  it('has what adapters are sent and say, without secrets and signatures', async () => {
    const { workspace_id } = OPERATOR;
    const adapter = await startAdapter();
    const secret = secretFile();
    await register(on.db, { name: 'edge', url: adapter.url, ref: secret.ref });
    await opened(workspace_id, 1800);
    adapter.behave = (_state, res) =>
      void res.writeHead(503, { 'Content-Type': 'application/json' }).end('{"why":"busy","token":"planted-token"}');
    await reportIncident(on.db, 'tool_call_burst');
    const [capture] = await eventually(async () => {
      const { items } = await listCaptures(on.db, { workspace_id, limit: 1 });
      return items.length > 0 && items;
    });
    expect(capture).toMatchObject({ source: 'adapter', method: 'POST', status: 503, actor: 'adapterSync' });
    const deps = { db: on.db, masterKey: () => master };
    const shown = await showCapture(deps, owner(workspace_id), capture?.capture_id ?? '');
    const content = shown?.content as { request: { text: string }; response: { text: string } };
    expect(JSON.parse(content.request.text)).toMatchObject({ gate: 'agent', state: 'closed' });
    expect(JSON.parse(content.response.text)).toEqual({ why: 'busy', token: '[redacted]' });
    const text = await databaseText(on.db);
    for (const planted of ['planted-token', SECRET]) expect(text).not.toContain(planted);
    adapter.behave = null;
    await adapter.close();
    secret.remove();
  });
});
