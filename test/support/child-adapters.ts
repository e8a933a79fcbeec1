import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { rows } from '../../db/client.ts';
import { putAdapter } from '../../db/command/put-adapter.ts';
import { findAdapter, adapterStanding } from '../../db/read/adapters.ts';
import type { ChildDefinition } from '../../domain/adapter/definition.ts';
import { groupRuns } from '../../workers/children/group.ts';
import { createChildren } from '../../workers/children/keep-children.ts';
import type { Children } from '../../workers/children/keep-children.ts';
import { freshKey } from './adapters.ts';
import { eventually } from './eventually.ts';
import { openRecord, OPERATOR } from './record.ts';
import { freshMasterKey, set } from './secrets.ts';
import { removeTree } from './remove-tree.ts';

export const STAND_IN = fileURLToPath(new URL('./stand-ins/child-adapter.ts', import.meta.url));
export const CONTROL = fileURLToPath(new URL('./stand-ins/children.ts', import.meta.url));
export const VALUE = 'the first value of its credential';

export let record: Awaited<ReturnType<typeof openRecord>>;
export let folder: string;
export let notes: string;
export const master = freshMasterKey();
export const masterKey = () => master;
export const commands: { file: string | undefined; env: 'embedded' | 'production' } = {
  file: undefined,
  env: 'embedded',
};

beforeAll(async () => {
  record = await openRecord();
  folder = mkdtempSync(join(tmpdir(), 'interlock-children-'));
  await set({ db: record.db, masterKey }, 'sidecar.key', VALUE, { class: 'control' });
});
afterAll(async () => {
  await record?.close();
  removeTree(folder);
});

export let n = 0;
export let children: Children;
export let stop: () => Promise<void>;
beforeEach(() => {
  notes = join(folder, `notes-${n++}`);
  writeFileSync(notes, '');
  Object.assign(commands, { file: undefined, env: 'embedded' });
  const { db, url } = record;
  children = createChildren({ db, databaseUrl: url, masterKey, commands, log: pino({ level: 'silent' }) });
  const stopping = new AbortController();
  const kept = children.keep(stopping.signal);
  stop = async () => {
    stopping.abort();
    await kept;
  };
});
afterEach(async () => {
  await stop();
  await record.db.query(`UPDATE adapters SET state = 'retired' WHERE mode = 'child_process'`);
  for (const { pid } of noted()) expect(groupRuns(pid)).toBe(false);
});

export interface Note {
  pid: number;
  started?: true;
  argv?: string[];
  credential?: string | null;
  names?: string[];
  grandchild?: number;
  heard?: Record<string, unknown>;
}
export const noted = (): Note[] =>
  readFileSync(notes, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Note);
export const starts = () => noted().filter((note) => note.started === true);
export const heard = (what: object) => noted().find((note) => note.heard !== undefined && matches(note.heard, what));
export const matches = (given: object, what: object) =>
  Object.entries(what).every(([key, value]) => JSON.stringify(Reflect.get(given, key)) === JSON.stringify(value));

export async function put(name: string, how: string[] = [], over: Partial<ChildDefinition> = {}) {
  const definition: ChildDefinition = {
    mode: 'child_process',
    command: process.execPath,
    args: [STAND_IN, notes, ...how],
    credential_slots: [{ slot: 'sidecar.key', env: 'CREDENTIAL' }],
    actions: ['freeze_agent'],
    classes: [],
    ...over,
  };
  await putAdapter(record.db, OPERATOR, { name, definition, key: freshKey() });
  return (await findAdapter(record.db, 'default', name))!;
}

export const standing = (name: string) => adapterStanding(record.db, 'default', name);
export const leaseOf = async (name: string) => eventually(async () => (await standing(name))?.lease_id);
export const alive = async (name: string) =>
  eventually(async () => (await standing(name))?.child_heartbeat_at && (await standing(name))?.lease_id);
export const entries = (adapter_id: string) =>
  rows<{ action: string; detail: Record<string, unknown> }>(
    record.db,
    `SELECT action, detail::jsonb AS detail FROM ledger_entries WHERE object = $1 ORDER BY entry_id`,
    [`adapter/${adapter_id}`],
  );
