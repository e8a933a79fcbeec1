import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import { promoteRecord } from '../../../db/command/promote.ts';
import { currentLog, readEdge, sequenceEntries } from '../../../db/command/sequence-entries.ts';
import { anchorStanding } from '../../../db/read/anchors.ts';
import { formatNoteKey } from '../../../domain/ledger/note.ts';
import { openPromoted } from '../../../workers/anchor/open-promoted.ts';
import { suspectedByBlobs } from '../../../workers/anchor/rollback-check.ts';
import { existingKeys } from '../../../workers/sequencer/log-key.ts';
import { suspectRollback } from '../../../db/command/suspect-rollback.ts';
import { ITSELF } from '../../../workers/enrolment-port.ts';
import { anchor, copyOf, grow, intend, rollbackDeps, silent, startAnchored } from '../../support/anchored.ts';
import type { Anchored } from '../../support/anchored.ts';
import { OPERATOR } from '../../support/record.ts';

let on: Anchored;
beforeEach(async () => {
  on = await startAnchored();
});
afterEach(() => on?.close());

const key = () => ({ decision_id: crypto.randomUUID(), request_digest: crypto.randomUUID() });
const ask = (actor: string, over: { origin?: string; confirm?: string; single_operator?: boolean } = {}, db = on.db) =>
  promote(db, actor, over);
async function promote(
  db: typeof on.db,
  actor: string,
  { origin, ...over }: { origin?: string; confirm?: string; single_operator?: boolean },
) {
  const object = origin ?? (await currentLog(db))?.origin ?? '';
  return promoteRecord(
    db,
    { ...OPERATOR, actor },
    { object, reason: 'restored', single_operator: false, ...over, key: key() },
  );
}
const open = (db = on.db) => openPromoted({ ...rollbackDeps(on, db), stateRoot: on.stateRoot, log: silent });

describe('a record that is promoted', () => {
  it('takes two people, or one that types the origin, and the log that grows', async () => {
    await grow(on);
    const origin = (await currentLog(on.db))?.origin ?? '';
    expect(await ask('a', { origin: 'other/1' })).toMatchObject({ code: 'log_not_current' });
    expect(await ask('a', { single_operator: true, confirm: 'other/1' })).toMatchObject({
      code: 'confirmation_required',
    });
    expect(await ask('a')).toMatchObject({ code: 'second_person_required' });
    expect(await ask('a')).toMatchObject({ code: 'second_person_required' });
    expect(await open()).toBe(false);
    expect(await ask('b')).toMatchObject({ ok: true, promoted_by: ['a', 'b'], single_operator: false });
    expect(await open()).toBe(true);
    expect(await open()).toBe(false);
    expect((await currentLog(on.db))?.origin).toBe(origin.replace(/1$/, '2'));
    expect(await ask('a', { single_operator: true, confirm: origin.replace(/1$/, '2') })).toMatchObject({ ok: true });
    expect(await open()).toBe(true);
  });

  it('goes on in a new epoch with a new key; the first entry names what was lost, and what waited comes after it', async () => {
    await grow(on);
    await anchor(on);
    const agreed = (await anchorStanding(on.db))?.anchored_size;
    const copy = await copyOf(on);
    await grow(on);
    await anchor(on);
    const signed = (await anchorStanding(on.db))?.anchored_size;
    const { db } = copy;
    try {
      const before = await currentLog(db);
      const found = await suspectedByBlobs(rollbackDeps(on, db));
      expect(found).toMatchObject({ cause: 'checkpoint_ahead', checkpoint_size: signed });
      await suspectRollback(db, ITSELF, found ?? { cause: 'epoch_unknown', origin: '', checkpoint_size: 0 }, 'check');
      expect(await sequenceEntries(db, {})).toBeNull();
      const waiting = (await one<{ n: number }>(db, 'SELECT count(*) AS n FROM ledger_unsequenced'))?.n ?? 0;
      expect(waiting).toBeGreaterThan(0);

      await ask('a', {}, db);
      await ask('b', {}, db);
      expect(await open(db)).toBe(true);
      const size = await grow(on, db);
      const log = await currentLog(db);
      expect(log?.origin).toBe(before?.origin.replace(/1$/, '2'));
      expect(log?.verifier_key).not.toBe(before?.verifier_key);
      expect(log?.verifier_key).toBe(
        formatNoteKey(existingKeys(on.stateRoot, { origin: log?.origin ?? '', epoch: 2 })[0]!),
      );
      expect(readFileSync(join(on.stateRoot, 'keys', 'retired', 'ledger-1.vkey'), 'utf8')).toBe(
        `${before?.verifier_key}\n`,
      );

      const entries = await rows<{ idx: number; action: string; detail: string }>(
        db,
        `SELECT i.idx, e.action, e.detail FROM log_index i JOIN ledger_entries e USING (entry_id) WHERE i.epoch = 2 ORDER BY i.idx`,
      );
      expect(entries).toHaveLength(size);
      expect(entries[0]?.action).toBe('epoch_opened');
      expect(JSON.parse(entries[0]?.detail ?? '')).toMatchObject({
        lost: { origin: before?.origin, from: agreed, to: signed },
        previous: { origin: before?.origin, size: before?.size },
        by: ['a', 'b'],
      });
      expect(entries.map((e) => e.action)).toEqual(expect.arrayContaining(['log_halted', 'second_person_granted']));
      expect(log?.root.equals((await readEdge(db, { epoch: 2, size })).root())).toBe(true);
      expect(await one(db, 'SELECT size FROM log_heads WHERE epoch = 1')).toEqual({ size: before?.size });
      expect(await rows(db, 'SELECT 1 FROM ledger_unsequenced')).toEqual([]);

      expect(await suspectedByBlobs(rollbackDeps(on, db))).toBeNull();
    } finally {
      await copy.drop();
    }
  });

  it('is anchored again from where the counter is, and set back to before its promotion it is found', async () => {
    await grow(on);
    await anchor(on);
    const copy = await copyOf(on);
    try {
      await ask('a');
      await ask('b');
      await open();
      await grow(on);
      await anchor(on);
      expect(await suspectedByBlobs(rollbackDeps(on))).toBeNull();
      expect((await intend(on)).kind).toBe('not_due');
      expect(await suspectedByBlobs(rollbackDeps(on, copy.db))).toMatchObject({ cause: 'epoch_unknown' });
      await promote(copy.db, 'a', {});
      await promote(copy.db, 'b', {});
      await open(copy.db);
      expect((await currentLog(copy.db))?.epoch).toBe(3);
    } finally {
      await copy.drop();
    }
  });
});
