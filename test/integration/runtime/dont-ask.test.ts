import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { retireAdapter } from '../../../db/command/part-with-adapter.ts';
import { setPermissionMode } from '../../../db/command/permission-mode.ts';
import { refusesApprovals } from '../../../db/command/approvals.ts';
import { secondPerson } from '../../../db/command/two-person.ts';
import { runtimePosture } from '../../../db/read/runtime.ts';
import { transaction } from '../../../db/transaction.ts';
import type { PermissionMode } from '../../../domain/runtime/posture.ts';
import { freshKey, register } from '../../support/adapters.ts';
import { openRecord, waitsForLock } from '../../support/record.ts';
import { eventually } from '../../support/eventually.ts';

let db: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await openRecord());
});
afterAll(() => close?.());

const person = (workspace_id: string, actor = 'first@org') => ({ workspace_id, actor, on_behalf_of: null });
const set = (w: string, mode: PermissionMode, key = freshKey()) =>
  setPermissionMode(db, person(w, 'owner@org'), { mode, key });
const retire = (w: string, actor: string) =>
  retireAdapter(db, person(w, actor), { object: 'edge', reason: 'gone', single_operator: false, key: freshKey() });
const workspace = async () => {
  const w = `w-${crypto.randomUUID()}`;
  await register(db, { name: 'edge', url: 'http://127.0.0.1:9/', ref: 'env:NONE', workspace_id: w });
  return w;
};
const ask = (w: string, action: string, object: string, actor = 'first@org') =>
  transaction(db, (tx) => secondPerson(tx, person(w, actor), { action, object, reason: 'r', single_operator: false }));
const entries = (w: string, action: string) =>
  rows<{ detail: string; object: string }>(
    db,
    'SELECT detail, object FROM ledger_entries WHERE action = $2 AND (workspace_id = $1 OR object LIKE $3) ORDER BY entry_id',
    [w, action, `%${w}%`],
  );

describe('dont-ask', () => {
  it('S1-95 refuses at once what would wait for an approval, on the record; ask lets it wait again', async () => {
    const w = await workspace();
    expect(await runtimePosture(db, w)).toMatchObject({ permission_mode: 'ask', version: null });
    await set(w, 'dont-ask');
    expect(await runtimePosture(db, w)).toMatchObject({ permission_mode: 'dont-ask', version: 1, set_by: 'owner@org' });
    expect(await retire(w, 'first@org')).toEqual({ ok: false, code: 'approval_refused' });
    expect((await entries(w, 'decision_refused')).map((e) => JSON.parse(e.detail) as unknown)).toEqual([
      { code: 'approval_refused', decision: 'retire' },
    ]);
    await set(w, 'ask');
    expect(await retire(w, 'first@org')).toEqual({ ok: false, code: 'second_person_required' });
    expect(await retire(w, 'second@org')).toMatchObject({ ok: true, retired_by: ['first@org', 'second@org'] });
  });

  it('S1-95 refuses what waits when it is set: the second person comes too late, and to another first one', async () => {
    const w = await workspace();
    expect(await retire(w, 'first@org')).toMatchObject({ code: 'second_person_required' });
    expect(await set(w, 'dont-ask')).toMatchObject({ ok: true, before: 'ask', refused: 1 });
    expect(await entries(w, 'approval_refused')).toHaveLength(1);
    expect(await set(w, 'ask')).toMatchObject({ refused: 0, before: 'dont-ask' });
    expect(await retire(w, 'second@org')).toMatchObject({ code: 'second_person_required' });
    expect((await entries(w, 'permission_mode_set')).map((e) => JSON.parse(e.detail) as unknown)).toEqual([
      { before: 'ask', permission_mode: 'dont-ask', refused: 1 },
      { before: 'dont-ask', permission_mode: 'ask', refused: 0 },
    ]);
  });

  it('leaves recoveries by two people and other workspaces as they are', async () => {
    const [w, other] = [await workspace(), await workspace()];
    const node = `n-${crypto.randomUUID()}`;
    await ask(w, 'attestation.retire', node);
    await retire(other, 'first@org');
    expect(await set(w, 'dont-ask')).toMatchObject({ refused: 0 });
    expect(await ask(w, 'attestation.retire', node, 'second@org')).toMatchObject({ granted: true });
    expect(await ask(w, 'restore.promote', node)).toMatchObject({ code: 'second_person_required' });
    expect(await retire(other, 'second@org')).toMatchObject({ ok: true });
  });

  it('a repeat is answered with what was said; the same key for another mode is refused', async () => {
    const w = await workspace();
    const key = freshKey();
    const first = await set(w, 'dont-ask', key);
    expect(await set(w, 'dont-ask', key)).toEqual(first);
    expect(await set(w, 'ask', { ...key, request_digest: 'other' })).toEqual({
      ok: false,
      code: 'idempotency_key_reused',
    });
  });

  /** Of this database: other tests hold locks of the kind in theirs. */
  const ADVISORY = `SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE l.locktype = 'advisory' AND d.datname = current_database()`;

  it('finds a request that another transaction is leaving pending at this moment', async () => {
    const w = await workspace();
    const left = Promise.withResolvers<void>();
    const leave = transaction(db, async (tx) => {
      expect(await refusesApprovals(tx, w, 'adapter.retire')).toBe(false);
      await secondPerson(tx, person(w), {
        action: `adapter.retire:${w}`,
        object: 'edge',
        reason: 'r',
        single_operator: false,
      });
      await left.promise;
    });
    const setting = eventually(async () => (await one(db, ADVISORY)) !== undefined).then(() => set(w, 'dont-ask'));
    await eventually(() => waitsForLock(db));
    left.resolve();
    await leave;
    expect(await setting).toMatchObject({ refused: 1 });
  });
});
