import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { one, openDatabase, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import {
  enterRotation,
  openRotation,
  publishHandover,
  requestKeyRotation,
} from '../../../db/command/rotate-log-key.ts';
import { currentLog, publishCheckpoint, readEdge, sequenceEntries } from '../../../db/command/sequence-entries.ts';
import { publishedLog } from '../../../db/read/log.ts';
import { logKeys } from '../../../db/read/log-keys.ts';
import { formatCheckpoint, openCheckpoint } from '../../../domain/ledger/checkpoint.ts';
import { LedgerError } from '../../../domain/ledger/error.ts';
import { notesOf } from '../../../domain/ledger/key-archive.ts';
import { followKeys, signRotation } from '../../../domain/ledger/key-rotation.ts';
import { formatNoteKey, noteMessage, noteOf, openNote, parseNote, parseNoteKey } from '../../../domain/ledger/note.ts';
import { sha256 } from '../../../db/write/change.ts';
import { logSigner, retireKeys } from '../../../workers/sequencer/log-key.ts';
import { enterAsked, publishBoth } from '../../../workers/sequencer/rotate-key.ts';
import { openLog, runSequencer } from '../../../workers/sequencer/sequencer.ts';
import { eventually } from '../../support/eventually.ts';
import { allPublished, append, entryOf } from '../../support/log.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { OPERATOR } from '../../support/record.ts';
import { removeTree } from '../../support/remove-tree.ts';

const log = pino({ level: 'silent' });
let database: TestDatabase;
let db: Database;
let stateRoot: string;
beforeEach(async () => {
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test' });
  stateRoot = mkdtempSync(join(tmpdir(), 'interlock-rotation-'));
});
afterEach(async () => {
  await db.end();
  await database.drop();
  removeTree(stateRoot);
});

const deps = () => ({ db, databaseUrl: database.url, stateRoot, log });

/** What a control process does from its start on, until `done` holds; then it is ended. */
async function whileRunning(done: () => Promise<boolean>): Promise<void> {
  const stopping = new AbortController();
  const running = runSequencer(deps(), stopping.signal);
  try {
    await eventually(done);
  } finally {
    stopping.abort();
    await running;
  }
}
const published = async () => (await openRotation(db)) === undefined && (await publishedLog(db)) !== undefined;
const FIRST = 'ledger-signing.pem';
const files = () => readdirSync(join(stateRoot, 'keys')).sort();

/** A log of some entries under its first key. */
async function begun(): Promise<{ origin: string; old_key: string }> {
  await append(db, entryOf(1), entryOf(2), entryOf(3));
  await whileRunning(async () => (await allPublished(db)) > 0);
  const { origin, verifier_key } = (await currentLog(db))!;
  return { origin, old_key: verifier_key };
}
const ask = async () => {
  const { origin } = (await currentLog(db))!;
  const asked = await requestKeyRotation(db, { ...OPERATOR, workspace_id: 'system' }, { origin });
  expect(asked).toMatchObject({ ok: true });
};
const names = async () => {
  const { origin } = (await currentLog(db))!;
  return {
    before: logSigner(stateRoot, { origin, epoch: 1 }),
    after: logSigner(stateRoot, { origin, epoch: 1, generation: 2 }),
    origin,
  };
};
async function enter(): Promise<void> {
  const { before, after, origin } = await names();
  const entered = await enterRotation(
    db,
    { origin, epoch: 1, generation: 2 },
    {
      old_key: formatNoteKey(before.key),
      new_key: formatNoteKey(after.key),
      sign: (at) => signRotation(at, [before, after]),
    },
  );
  expect(entered).toBe(true);
}

async function publish(): Promise<void> {
  const { before, after, origin } = await names();
  const head = (await sequenceEntries(db, {}))!;
  const text = formatCheckpoint({ origin, size: head.size, root: head.root, extensions: [] });
  const signed = [before, after].map(({ key, sign }) => ({ key, signature: sign(noteMessage(text)) }));
  const handover = { generation: 2, new_key: formatNoteKey(after.key), note: noteOf(text, signed) };
  expect(await publishHandover(db, head, handover)).toBe(true);
}

/** After each of them the process may have been killed. */
const steps: [string, () => Promise<unknown>][] = [
  ['it was asked for', ask],
  ['the new key lies in its file', names],
  ['the entry is in the log', enter],
  ['further entries came', () => append(db, entryOf(4))],
  ['the checkpoint is published', publish],
];

describe('another key of the log', () => {
  it.each(steps.map(([name], at) => [name, at] as const))('goes on after a kill once %s', async (_name, at) => {
    const { old_key, origin } = await begun();
    for (const [, step] of steps.slice(0, at + 1)) await step();
    await whileRunning(async () => (await published()) && !files().includes(FIRST));

    const now = (await currentLog(db))!;
    expect(now.key_generation).toBe(2);
    expect(now.verifier_key).not.toBe(old_key);
    expect(files()).toEqual(['ledger-signing-1.2.pem', 'retired']);
    expect(readdirSync(join(stateRoot, 'keys', 'retired'))).toEqual(['ledger-1.vkey']);
    const rotated = await rows(db, `SELECT 1 FROM ledger_entries WHERE action = 'log_key_rotated'`);
    expect(rotated).toHaveLength(1);

    const keys = (await logKeys(db))!;
    const [rotation] = followKeys(parseNoteKey(old_key, sha256), notesOf(keys), sha256);
    expect(formatNoteKey(rotation!.newKey)).toBe(now.verifier_key);
    const { entry_index, signed_size } = (await one<{ entry_index: number; signed_size: number }>(
      db,
      'SELECT entry_index, signed_size FROM log_key_rotations',
    ))!;
    expect(rotation).toMatchObject({ origin, size: entry_index });
    expect(Buffer.from(rotation!.root)).toEqual(
      Buffer.from((await readEdge(db, { epoch: 1, size: entry_index })).root()),
    );
    expect(keys.keys).toMatchObject([
      { verifier_key: old_key, from: 0, to: signed_size, note: null },
      { verifier_key: now.verifier_key, from: signed_size, to: null },
    ]);

    await append(db, entryOf(5));
    await whileRunning(async () => (await publishedLog(db))!.size === (await allPublished(db)));
    const { checkpoint } = (await publishedLog(db))!;
    expect(() => openNote(checkpoint, [parseNoteKey(old_key, sha256)])).toThrow(LedgerError);
    expect(parseNote(checkpoint).signatures).toHaveLength(1);
  });

  it('signs the checkpoint over the handover with both keys, and nothing over it with one', async () => {
    const { old_key, origin } = await begun();
    const { before } = { before: logSigner(stateRoot, { origin, epoch: 1 }) };
    await ask();
    expect(await enterAsked(deps())).toBe(true);
    expect(await enterAsked(deps())).toBe(false);
    const head = (await sequenceEntries(db, {}))!;
    expect(head.handover_index).not.toBeNull();
    // A sequencer that has not heard of it: what it signs is of before the handover, or not published.
    const text = formatCheckpoint({ origin, size: head.size, root: head.root, extensions: [] });
    const alone = noteOf(text, [{ key: before.key, signature: before.sign(noteMessage(text)) }]);
    await publishCheckpoint(db, head, alone);
    expect((await publishedLog(db))!.size).toBeLessThanOrEqual(head.handover_index!);

    expect(await publishBoth(deps(), head)).toBe(true);
    expect(await publishBoth(deps(), head)).toBe(false);
    const { checkpoint, verifier_key, size } = (await publishedLog(db))!;
    expect(size).toBe(head.size);
    for (const line of [old_key, verifier_key])
      expect(openCheckpoint(checkpoint, [parseNoteKey(line, sha256)], origin).size).toBe(size);
    expect(parseNote(checkpoint).signatures).toHaveLength(2);
  });

  it('is asked for once at a time, of the log that grows, and has its entries', async () => {
    const { origin } = await begun();
    const by = { ...OPERATOR, workspace_id: 'system' };
    expect(await requestKeyRotation(db, by, { origin: 'other/1' })).toEqual({ ok: false, code: 'log_not_current' });
    await ask();
    await ask();
    await whileRunning(published);
    await ask();
    await whileRunning(async () => (await published()) && (await currentLog(db))!.key_generation === 3);
    expect((await logKeys(db))!.keys.map(({ to }) => to === null)).toEqual([false, false, true]);
    const actions = await rows<{ action: string }>(
      db,
      `SELECT action FROM ledger_entries WHERE object = 'log/' || $1 ORDER BY entry_id`,
      [origin],
    );
    expect(actions.map(({ action }) => action)).toEqual([
      'log_key_rotation_requested',
      'log_key_rotated',
      'log_key_rotation_requested',
      'log_key_rotated',
    ]);
    await db.query('UPDATE log_heads SET key_generation = 200');
    expect(await requestKeyRotation(db, by, { origin })).toEqual({ ok: false, code: 'key_limit' });
  });

  it('makes no key for a log whose key is not here', async () => {
    await begun();
    rmSync(join(stateRoot, 'keys', 'ledger-signing.pem'));
    await expect(openLog(db, stateRoot, log)).rejects.toThrow('has another key');
    expect(files()).toEqual([]);
  });

  it('keeps what a kill between the archive and the end of a key left', async () => {
    const { origin, old_key } = await begun();
    const pem = readFileSync(join(stateRoot, 'keys', FIRST));
    await ask();
    await whileRunning(async () => (await published()) && !files().includes(FIRST));
    writeFileSync(join(stateRoot, 'keys', FIRST), pem, { mode: 0o600 });
    retireKeys(stateRoot, { origin, epoch: 1, generation: 2 });
    expect(files()).toEqual(['ledger-signing-1.2.pem', 'retired']);
    expect(readFileSync(join(stateRoot, 'keys', 'retired', 'ledger-1.vkey'), 'utf8')).toBe(`${old_key}\n`);
  });
});
