import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { masterKeyRing } from '../../../config/master-key-ring.ts';
import { openMasterKey } from '../../../db/command/pin-master-key.ts';
import { rows } from '../../../db/client.ts';
import { openDataKey, openSecret } from '../../../db/secrets/envelope.ts';
import { getRotation } from '../../../db/read/rotations.ts';
import { openMigrating } from '../../support/master-key.ts';
import type { Migrating } from '../../support/master-key.ts';
import { databaseText, set } from '../../support/secrets.ts';
import { seededSlot, seededValue, seedSlots, wrappedBy } from '../../support/wrapped.ts';

const KILLED = fileURLToPath(new URL('../../support/stand-ins/killed-migration.ts', import.meta.url));
const SLOTS = 3_000;
const KILLS = 12;
let on: Migrating;
beforeAll(async () => {
  on = await openMigrating();
  await set(on.deps, 'first', 'pins the key');
  await seedSlots(on.db, on.deps.masterKey(), SLOTS);
});
afterAll(() => on?.close());

/** The signal that ended it, null when it came to the end of the rotation. */
async function migrate(rotation_id: string, killAt: number, step = ''): Promise<NodeJS.Signals | null> {
  const args = [KILLED, on.url, on.stateRoot, on.keyFile, rotation_id, String(killAt), step];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal === null) expect(code).toBe(0);
  return signal;
}

/** Every seeded secret, with the keys that a process has which starts now. */
async function allReadable(): Promise<void> {
  const source = await openMasterKey(on.db, { read: masterKeyRing(on.keyFile) });
  const found = await rows<{ workspace_id: string; slot: string; wrapped_key: string; envelope: string }>(
    on.db,
    `SELECT s.workspace_id, s.slot, s.wrapped_key, v.envelope FROM secret_slots s
      JOIN secret_versions v ON v.workspace_id = s.workspace_id AND v.slot = s.slot AND v.version = s.current_version
      WHERE s.slot LIKE 'seeded.%' ORDER BY s.slot LIMIT ${SLOTS + 1}`,
  );
  const ring = source();
  const values = found.map((s) => openSecret(openDataKey(ring, s, s.wrapped_key), s, 1, s.envelope).toString());
  expect(found.map(({ slot }) => slot)).toEqual(Array.from({ length: SLOTS }, (_, i) => seededSlot(i)));
  expect(values).toEqual(Array.from({ length: SLOTS }, (_, i) => seededValue(i)));
}

it('S1-83 goes on after kill -9 at any statement or file: every secret opens at every moment, none by the old in the end', async () => {
  const old = on.id();
  const rotation_id = await on.request();
  let killed = 0;
  for (let i = 0; i < KILLS; i++) {
    const killAt = randomInt(8, 41);
    if ((await migrate(rotation_id, killAt)) === 'SIGKILL') killed += 1;
    await allReadable();
    // What is new meanwhile, and what is written again, has the key that is right at that moment.
    expect(await set(on.deps, `new.${i}`, 'v')).toMatchObject({ ok: true });
    expect(await set(on.deps, 'first', `v${i}`)).toMatchObject({ ok: true });
  }
  expect(killed).toBeGreaterThan(3);
  expect(await migrate(rotation_id, 0)).toBe(null);
  expect(await getRotation(on.db, 'default', rotation_id)).toMatchObject({ state: 'completed', failure: null });
  expect(on.id()).not.toBe(old);
  expect(await wrappedBy(on.db)).toEqual({ [on.id()]: SLOTS + KILLS + 1 });
  expect(await databaseText(on.db)).not.toContain(`interlock-key.v1.${old}`);
  await allReadable();
}, 240_000);

it('goes on after kill -9 at each statement and file of the cut: at none of them a start is refused', async () => {
  for (let killAt = 12; killAt <= 18; killAt++) {
    const rotation_id = await on.request();
    expect(await migrate(rotation_id, killAt, 'cut_over')).toBe('SIGKILL');
    expect((await getRotation(on.db, 'default', rotation_id))?.step).toBe('cut_over');
    await allReadable();
    expect(await set(on.deps, 'first', `cut ${killAt}`)).toMatchObject({ ok: true });
    expect(await migrate(rotation_id, 0)).toBe(null);
    expect((await getRotation(on.db, 'default', rotation_id))?.state).toBe('completed');
    expect(Object.keys(await wrappedBy(on.db))).toEqual([on.id()]);
  }
}, 240_000);
