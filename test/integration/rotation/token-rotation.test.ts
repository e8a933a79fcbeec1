import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { abandonRotation } from '../../../db/command/rotation-steps.ts';
import type { DecisionKey } from '../../../db/command/decisions.ts';
import { requestRotation } from '../../../db/command/request-rotation.ts';
import type { RotationRequest } from '../../../db/command/request-rotation.ts';
import { getRotation } from '../../../db/read/rotations.ts';
import { one, rows } from '../../../db/client.ts';
import { freshKey } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { openTokenDoor } from '../../support/token-door.ts';
import type { TokenDoor } from '../../support/token-door.ts';
import { removeTree } from '../../support/remove-tree.ts';

let on: TestProcesses;
let door: TokenDoor;
const folder = mkdtempSync(join(tmpdir(), 'interlock-tokens-'));
const adminFile = join(folder, 'admin.token');
const readerFile = join(folder, 'readonly.token');
const token = () => randomBytes(24).toString('base64url');
const held = (file: string) => readFileSync(file, 'utf8').trim();

beforeAll(async () => {
  for (const file of [adminFile, readerFile]) writeFileSync(file, `${token()}\n`, { mode: 0o600 });
  door = await openTokenDoor(adminFile, readerFile);
  const control = { adminTokenFile: adminFile, readonlyTokenFile: readerFile, baseUrl: door.url };
  on = await startProcesses({ control });
});
afterAll(async () => {
  await on?.close();
  await door?.close();
  removeTree(folder);
});
beforeEach(() => {
  door.shut = false;
  door.also.clear();
});

const OWNER = (workspace_id: string) => ({ workspace_id, actor: 'owner@org', on_behalf_of: null });
const workspace = () => `w-${crypto.randomUUID()}`;

async function rotate(w: string, of: Partial<RotationRequest & { key: DecisionKey }> = {}) {
  return requestRotation(on.db, OWNER(w), {
    row: 'admin_token',
    subject: '',
    overlap_seconds: 0,
    compromised: false,
    dry_run: false,
    reason: 'due',
    ticket: null,
    key: freshKey(),
    ...of,
  });
}
async function opened(w: string, of: Partial<RotationRequest> = {}): Promise<string> {
  const asked = await rotate(w, of);
  if (!asked.ok) throw new Error(asked.code);
  return asked.rotation_id;
}
const over = (w: string, id: string) =>
  eventually(async () => {
    const found = await getRotation(on.db, w, id);
    return found?.finished_at != null && found;
  });
const entries = (w: string, id: string) =>
  rows<{ action: string; detail: string; leaf: string }>(
    on.db,
    'SELECT action, detail, leaf FROM ledger_entries WHERE workspace_id = $1 AND object = $2 ORDER BY entry_id',
    [w, `rotation/${id}`],
  );

describe('tokenRotation', () => {
  it('S1-85 S1-71 S1-72 S1-117 replaces the admin token in one step: the new one runs, the old one fails, both on the record', async () => {
    const w = workspace();
    const old = held(adminFile);
    const id = await opened(w);
    const done = await over(w, id);
    expect(done).toMatchObject({ state: 'completed', step: null, failure: null });
    expect(done.steps.map((s) => [s.step, s.outcome])).toEqual([
      ['inspect', 'done'],
      ['stage', 'done'],
      ['cut_over', 'done'],
      ['prove_new', 'done'],
      ['prove_old', 'done'],
      ['revoke', 'done'],
    ]);
    expect(held(adminFile)).not.toBe(old);
    expect(statSync(adminFile).mode & 0o777).toBe(0o600);
    for (const left of ['.next', '.previous']) expect(() => statSync(adminFile + left)).toThrow();
    const written = await entries(w, id);
    expect(written.map((e) => e.action)).toEqual([
      'rotation_requested',
      ...Array<string>(5).fill('rotation_step'),
      'rotation_completed',
    ]);
    for (const { leaf } of written) for (const secret of [old, held(adminFile)]) expect(leaf).not.toContain(secret);
    await eventually(
      async () => (await on.client.workflow.getHandle(`rotation/${id}`).describe()).status.name === 'COMPLETED',
    );
  });

  it('S1-86 proves of the read-only token that it reads and decides nothing', async () => {
    const w = workspace();
    const done = await over(w, await opened(w, { row: 'readonly_token' }));
    expect(done.state).toBe('completed');
    expect(done.steps.find((s) => s.step === 'prove_new')?.evidence).toEqual({ status: 200, mutation_status: 403 });
  });

  it('is undone when the new one is refused: the old one is back in its place', async () => {
    const w = workspace();
    const old = held(adminFile);
    door.shut = true;
    const id = await opened(w);
    const failing = await eventually(async () => (await getRotation(on.db, w, id))?.failure ?? false);
    expect(failing).toBe('new_refused');
    await on.db.query(`UPDATE rotations SET attempts = 4, next_attempt_at = NULL WHERE rotation_id = $1`, [id]);
    await on.client.workflow.getHandle(`rotation/${id}`).signal('poke', { version: 1 });
    const done = await over(w, id);
    expect(done).toMatchObject({ state: 'undone', failed_step: 'prove_new', failure: 'new_refused' });
    expect(held(adminFile)).toBe(old);
    const alert = await one<{ message: string }>(on.db, 'SELECT message FROM notifications WHERE workspace_id = $1', [
      w,
    ]);
    expect(alert?.message).toContain('new_refused');
  });

  it('is not complete while the old one still works, and ends only when somebody answers for it', async () => {
    const w = workspace();
    door.also.add(held(adminFile));
    const id = await opened(w, { compromised: true });
    await eventually(async () => (await getRotation(on.db, w, id))?.failure === 'old_accepted');
    const asked = { rotation_id: id, reason: 'provider keeps it', key: freshKey() };
    expect(await abandonRotation(on.db, OWNER(w), asked)).toEqual({ ok: true });
    expect(await over(w, id)).toMatchObject({ state: 'failed', failure: 'abandoned', old_proved_at: null });
    expect(await abandonRotation(on.db, OWNER(w), { ...asked, key: freshKey() })).toEqual({
      ok: false,
      code: 'rotation_over',
    });
    rmSync(`${adminFile}.previous`, { force: true });
  });

  it('is one at a time, takes no overlap where both cannot work, and repeats under its key what it said', async () => {
    const w = workspace();
    const key = freshKey();
    expect(await rotate(w, { overlap_seconds: 60 })).toEqual({ ok: false, code: 'overlap_unavailable' });
    const first = await rotate(w, { dry_run: true, key });
    expect(await rotate(w, { dry_run: true, key })).toEqual(first);
    if (!first.ok) throw new Error(first.code);
    expect(await over(w, first.rotation_id)).toMatchObject({ state: 'completed', dry_run: true, new_proved_at: null });
    door.shut = true;
    const id = await opened(w);
    expect(await rotate(w)).toEqual({ ok: false, code: 'rotation_running' });
    door.shut = false;
    expect((await over(w, id)).state).toBe('completed');
  });

  it('without its proofs is not complete in the database either', async () => {
    const w = workspace();
    const id = await opened(w, { dry_run: true });
    await over(w, id);
    await expect(on.db.query('UPDATE rotations SET dry_run = false WHERE rotation_id = $1', [id])).rejects.toThrow(
      'rotations_proved',
    );
  });

  it('S1-28 stops before it changes anything when both files hold the same token or others can read it', async () => {
    const w = workspace();
    const [admin, reader] = [held(adminFile), held(readerFile)];
    writeFileSync(readerFile, `${admin}\n`);
    expect(await over(w, await opened(w))).toMatchObject({ state: 'failed', failure: 'tokens_not_distinct' });
    writeFileSync(readerFile, `${reader}\n`);
    expect(held(adminFile)).toBe(admin);
  });
});
