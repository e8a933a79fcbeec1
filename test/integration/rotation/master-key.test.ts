import { existsSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMasterKey, readMasterKey } from '../../../config/master-key.ts';
import { masterKeyRing } from '../../../config/master-key-ring.ts';
import { one } from '../../../db/client.ts';
import { openMasterKey, pinnedMasterKey } from '../../../db/command/pin-master-key.ts';
import { readControlSecret } from '../../../db/command/read-control-secret.ts';
import { requestRotation } from '../../../db/command/request-rotation.ts';
import type { RotationRequest } from '../../../db/command/request-rotation.ts';
import type { SecretsDeps } from '../../../db/command/set-secret.ts';
import { getRotation } from '../../../db/read/rotations.ts';
import { openDataKey, openSecret } from '../../../db/secrets/envelope.ts';
import { readBackup } from '../../../workers/rotation/master-key/backup.ts';
import { freshKey } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { OPERATOR } from '../../support/record.ts';
import { databaseText, set } from '../../support/secrets.ts';
import { removeTree } from '../../support/remove-tree.ts';

let on: TestProcesses;
let deps: SecretsDeps;
const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-master-'));
const keyFile = join(stateRoot, 'the.key');
const idOf = (path: string) => readMasterKey(path).key_id;
const slots = Array.from({ length: 12 }, (_, i) => `slot.${i}`);

beforeAll(async () => {
  createMasterKey(keyFile);
  on = await startProcesses({ control: { stateRoot, masterKeyFile: keyFile } });
  deps = { db: on.db, masterKey: await openMasterKey(on.db, { read: masterKeyRing(keyFile) }) };
});
afterAll(async () => {
  await on?.close();
  removeTree(stateRoot);
});

const OWNER = { workspace_id: 'default', actor: 'owner@org', on_behalf_of: null };

async function rotated(of: Partial<RotationRequest> = {}) {
  const asked = await requestRotation(on.db, OWNER, {
    row: 'master_key',
    subject: '',
    overlap_seconds: 0,
    compromised: false,
    dry_run: false,
    reason: 'due',
    ticket: null,
    key: freshKey(),
    ...of,
  });
  if (!asked.ok) throw new Error(asked.code);
  return eventually(async () => {
    const found = await getRotation(on.db, OWNER.workspace_id, asked.rotation_id);
    return found?.finished_at != null && found;
  });
}

const valueOf = async (slot: string): Promise<string> => {
  const { value } = await readControlSecret(deps, { ...OPERATOR, slot, purpose: 'test' });
  return value.toString();
};
const control = (slot: string) => set(deps, slot, `value of ${slot}`, { class: 'control' });
const readable = async () => {
  for (const slot of slots) expect(await valueOf(slot)).toBe(`value of ${slot}`);
};

describe('the master key', () => {
  it('is not migrated before anything is wrapped by it', async () => {
    expect(await rotated()).toMatchObject({ state: 'failed', failure: 'master_key_unused' });
  });

  it('S1-83 is migrated behind a verified backup: the new one opens every secret, no row names the old', async () => {
    for (const slot of slots) await control(slot);
    const old = idOf(keyFile);
    const done = await rotated();
    expect(done).toMatchObject({ state: 'completed', failure: null });
    expect(done.steps.map((s) => s.step)).toEqual([
      'inspect',
      ...Array<string>(3).fill('stage'),
      'cut_over',
      // The columns that are wrapped, each in parts, and the fresh start.
      ...Array<string>(3).fill('prove_new'),
      'prove_old',
      'revoke',
    ]);
    const now = idOf(keyFile);
    expect(now).not.toBe(old);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    for (const left of ['.next', '.previous']) expect(existsSync(keyFile + left)).toBe(false);
    expect(await pinnedMasterKey(on.db)).toBe(now);
    expect(await databaseText(on.db)).not.toContain(`interlock-key.v1.${old}`);
    await readable();
    expect(done.steps.find((s) => s.step === 'prove_old')?.evidence).toMatchObject({ start: 'master_key_mismatch' });
  });

  it('S1-93 restore drill: the backup and the original key open what was wrapped before', async () => {
    const original = readMasterKey(keyFile);
    const done = await rotated();
    const { backup } = done.steps.at(-1)!.evidence as { backup: string };
    const path = join(stateRoot, backup);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const opened: string[] = [];
    for await (const { key, wrapped } of readBackup(path)) {
      const [workspace_id = '', slot = ''] = key;
      const version = await one<{ version: number; envelope: string }>(
        on.db,
        'SELECT version, envelope FROM secret_versions WHERE workspace_id = $1 AND slot = $2',
        [workspace_id, slot],
      );
      const at = { workspace_id, slot };
      const value = openSecret(openDataKey(original, at, wrapped), at, version!.version, version!.envelope);
      opened.push(`${slot}: ${value.toString()}`);
    }
    expect(opened.sort()).toEqual(slots.map((slot) => `${slot}: value of ${slot}`).sort());
  });

  it('given by an operator as the next file is the one that is taken', async () => {
    createMasterKey(`${keyFile}.next`);
    const given = idOf(`${keyFile}.next`);
    expect((await rotated()).state).toBe('completed');
    expect(idOf(keyFile)).toBe(given);
    await readable();
  });
});
