import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadContainmentFile } from '../../../config/containment-file.ts';
import { POLICY_FILE } from '../api/api-under-test.ts';
import { createAdapterActivities } from '../../../activities/adapters/create-adapter-activities.ts';
import { one, openDatabase, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { ensurePolicy } from '../../../db/command/policies.ts';
import { openMasterKey, pinnedMasterKey } from '../../../db/command/pin-master-key.ts';
import { readControlSecret } from '../../../db/command/read-control-secret.ts';
import type { SecretsDeps } from '../../../db/command/set-secret.ts';
import { adapterPort } from '../../../workers/adapter-port.ts';
import { SECRET, startAdapter } from '../../support/adapter-server.ts';
import { register } from '../../support/adapters.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { reportIncident } from '../../support/record.ts';
import { databaseText, freshMasterKey, set } from '../../support/secrets.ts';

let database: TestDatabase;
let db: Database;
let deps: SecretsDeps;
const master = freshMasterKey();
beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test-secrets', max: 4 });
  deps = { db, masterKey: () => master };
  await ensurePolicy(db, loadContainmentFile(POLICY_FILE), 'system');
});
afterAll(async () => {
  await db?.end();
  await database?.drop();
});

const CONTROL = { class: 'control' } as const;
const read = (slot: string, more: object = {}) =>
  readControlSecret(deps, { workspace_id: 'default', slot, actor: 'worker', purpose: 'test', ...more });
const text = async (slot: string, more: object = {}) => (await read(slot, more)).value.toString();
const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;

describe('a secret', () => {
  it('of a control slot is read by workers, each read an entry', async () => {
    expect(await set(deps, 'notifier.pager', 'first value', CONTROL)).toMatchObject({
      ok: true,
      created: true,
      version: 1,
      kind: 'generic',
    });
    expect(await text('notifier.pager')).toBe('first value');
    await expect(read('notifier.pager', { which: 'previous' })).rejects.toThrow(code('secret_not_found'));
    expect(await set(deps, 'notifier.pager', 'second value')).toMatchObject({ created: false, version: 2 });
    expect(await text('notifier.pager')).toBe('second value');
    expect(await text('notifier.pager', { which: 'previous' })).toBe('first value');
    const entries = await rows<{ action: string; detail: object; actor: string }>(
      db,
      "SELECT action, detail::jsonb AS detail, actor FROM ledger_entries WHERE object = 'secret/notifier.pager' ORDER BY entry_id",
    );
    expect(entries.map((e) => e.action)).toEqual([
      'secret_set',
      'secret_read',
      'secret_set',
      'secret_read',
      'secret_read',
    ]);
    expect(entries[1]).toMatchObject({ actor: 'worker', detail: { version: 1, purpose: 'test' } });
  });

  it('is another one in each workspace, and keeps its class', async () => {
    await set(deps, 'shared', 'of default', CONTROL);
    await set(deps, 'shared', 'of other', { ...CONTROL, workspace_id: 'other' });
    expect(await text('shared')).toBe('of default');
    expect(await text('shared', { workspace_id: 'other' })).toBe('of other');
    expect(await set(deps, 'shared', 'v', { class: 'subject' })).toEqual({ ok: false, code: 'secret_class_fixed' });
    expect(await text('shared')).toBe('of default');
  });

  it('of a subject slot is not for workers, and a slot is that unless something else is said', async () => {
    expect(await set(deps, 'agent.key', 'leased')).toMatchObject({ class: 'subject' });
    await expect(read('agent.key')).rejects.toThrow(code('secret_not_control'));
    await expect(read('nothing')).rejects.toThrow(code('secret_not_found'));
  });

  it('set again under the same key is one version', async () => {
    const decision_id = crypto.randomUUID();
    const first = await set(deps, 'once', 'v', { decision_id });
    expect(await set(deps, 'once', 'v', { decision_id })).toEqual(first);
    expect(await set(deps, 'once', 'w', { decision_id })).toEqual({ ok: false, code: 'idempotency_key_reused' });
  });

  it('S1-05 is nowhere in the database in the clear', async () => {
    const planted = 'sk-planted-1f0c3a9be7';
    await set(deps, 'planted', planted, CONTROL);
    await read('planted');
    const dump = await databaseText(db);
    expect(dump).toContain('interlock-secret.v1.');
    for (const spelling of ['utf8', 'hex', 'base64', 'base64url'] as const) {
      const spelt = Buffer.from(planted).toString(spelling);
      // Base64 of a part of a longer text has other ends.
      expect(dump).not.toContain(spelling.startsWith('base64') ? spelt.slice(0, -4) : spelt);
    }
  });

  it('moved to another row by hand does not open', async () => {
    await set(deps, 'moved.from', 'v', CONTROL);
    await set(deps, 'moved.to', 'w', CONTROL);
    await db.query(
      `UPDATE secret_versions v SET envelope = o.envelope FROM secret_versions o
        WHERE v.slot = 'moved.to' AND o.slot = 'moved.from' AND o.workspace_id = 'default' AND v.workspace_id = 'default'`,
    );
    await expect(read('moved.to')).rejects.toThrow(code('secret_unreadable'));
    await db.query(
      `UPDATE secret_slots v SET wrapped_key = o.wrapped_key FROM secret_slots o WHERE v.slot = 'moved.to' AND o.slot = 'moved.from'`,
    );
    await expect(read('moved.to')).rejects.toThrow(code('secret_unreadable'));
  });
});

describe('the master key', () => {
  it('S1-83 is bound to the database at its first use, and no other is taken after that', async () => {
    expect(await pinnedMasterKey(db)).toBe(master.key_id);
    const other = freshMasterKey();
    await expect(openMasterKey(db, { read: () => other })).rejects.toThrow(
      expect.objectContaining({
        code: 'master_key_mismatch',
        message: expect.stringContaining(master.key_id) as string,
      }),
    );
    const swapped = { db, masterKey: () => other };
    await expect(set(swapped, 'fresh', 'v')).rejects.toThrow(code('master_key_mismatch'));
    await expect(
      readControlSecret(swapped, { workspace_id: 'default', slot: 'shared', actor: 'w', purpose: 'p' }),
    ).rejects.toThrow(code('master_key_mismatch'));
    expect(await one(db, "SELECT 1 FROM secret_slots WHERE slot = 'fresh'")).toBeUndefined();
  });

  it('that is lost is not replaced by a new one', async () => {
    let made = 0;
    const source = await openMasterKey(db, { read: () => undefined, create: () => (made += 1) });
    expect(made).toBe(0);
    expect(source).toThrow(code('master_key_missing'));
    expect(source).toThrow(new RegExp(master.key_id));
  });
});

it('an adapter proves a request by the control slot it names, while the vault is closed too', async () => {
  await set(deps, 'adapters.frost', SECRET, CONTROL);
  const server = await startAdapter();
  try {
    const adapter = await register(db, { name: 'frost', url: server.url, ref: 'slot:adapters.frost' });
    const activities = createAdapterActivities(adapterPort(deps, { watches: () => false, offer: () => undefined }));
    await reportIncident(db, 'unauthorized_access', { evidence: { subject: 'agent:a' } });
    const of = { workspace_id: 'default', adapter_id: adapter.adapter_id, gate: 'agent' as const, target: 'agent:a' };
    expect(await one(db, "SELECT 1 FROM holds WHERE gate = 'vault' AND released_at IS NULL")).toBeDefined();
    await activities.tellAdapter(of);
    expect(server.received).toMatchObject([{ target: 'agent:a', state: 'closed' }]);
    expect(server.unsigned).toBe(0);
    expect(
      await one(
        db,
        "SELECT actor, detail::jsonb AS detail FROM ledger_entries WHERE action = 'secret_read' ORDER BY entry_id DESC LIMIT 1",
      ),
    ).toMatchObject({ actor: 'adapterSync', detail: { purpose: `adapter/${adapter.adapter_id}`, version: 1 } });
    await set(deps, 'adapters.frost', 'another secret that it does not know');
    await db.query('UPDATE adapter_targets SET due = true');
    await activities.tellAdapter(of);
    expect(server.unsigned).toBe(1);
  } finally {
    await server.close();
  }
});
