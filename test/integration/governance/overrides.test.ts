import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { clearOverride } from '../../../db/command/clear-override.ts';
import { endOverrides } from '../../../db/command/end-overrides.ts';
import { openOverride } from '../../../db/command/open-override.ts';
import { reviewOverride } from '../../../db/command/review-override.ts';
import { findOverride, liveOverride, unreviewedOverrides } from '../../../db/read/overrides.ts';
import { transaction } from '../../../db/transaction.ts';
import { spendOverride } from '../../../db/write/overrides.ts';
import { eventually } from '../../support/eventually.ts';
import { openRecord } from '../../support/record.ts';

let db: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await openRecord());
});
afterAll(() => close?.());

const workspace = () => `w-${crypto.randomUUID()}`;
const by = (workspace_id: string, actor = 'ic@org') => ({ workspace_id, actor, on_behalf_of: null });
const key = () => ({ decision_id: crypto.randomUUID(), request_digest: 'd' });
const ask = (w: string, seconds = 600, ticket = 'INC-7') =>
  openOverride(db, by(w), { ticket, reason: 'the registry is down', seconds, key: key() });
const open = async (w: string, seconds?: number) => {
  const said = await ask(w, seconds);
  if (!said.ok) throw new Error(said.code);
  return said.override_id;
};
const spend = (workspace_id: string, export_id: string) =>
  transaction(db, (tx) => spendOverride(tx, { workspace_id, export_id }));
const clear = (w: string) => clearOverride(db, by(w), { key: key() });
const review = (
  w: string,
  override_id: string,
  actor = 'second@org',
  over: { single_operator?: boolean; confirm?: string } = {},
) =>
  reviewOverride(db, by(w, actor), { override_id, note: 'it was right', single_operator: false, key: key(), ...over });
const entries = async (w: string) =>
  (
    await rows<{ action: string; actor: string; detail: string }>(
      db,
      `SELECT action, actor, detail FROM ledger_entries WHERE workspace_id = $1 AND object LIKE 'override/OVR-%' ORDER BY entry_id`,
      [w],
    )
  ).map(({ action, actor, detail }) => ({ action, actor, detail: JSON.parse(detail) as Record<string, unknown> }));

describe('an emergency override', () => {
  it('S0-10 S0-11 is spent by the one export that uses it, under its ticket', async () => {
    const w = workspace();
    const id = await open(w);
    expect(await liveOverride(db, w)).toMatchObject({ override_id: id, ticket: 'INC-7', by: 'ic@org' });
    expect(await spend(w, 'EXP-1')).toEqual({ override_id: id, ticket: 'INC-7' });
    expect(await spend(w, 'EXP-2')).toBeUndefined();
    expect(await spend(w, 'EXP-1')).toEqual({ override_id: id, ticket: 'INC-7' });
    expect(await liveOverride(db, w)).toBeUndefined();
    const said = await entries(w);
    expect(said.map((e) => [e.action, e.actor, e.detail['ticket']])).toEqual([
      ['override_opened', 'ic@org', 'INC-7'],
      ['override_spent', 'export-approval', 'INC-7'],
    ]);
    expect(said[1]?.detail['export_id']).toBe('EXP-1');
    expect(JSON.stringify(said)).not.toContain('registry is down');
  });

  it.each([1, 2, 3])('S0-11 of many exports at once one gets it (round %i)', async () => {
    const w = workspace();
    const id = await open(w);
    const said = await Promise.all(Array.from({ length: 12 }, (_, i) => spend(w, `EXP-${i % 6}`)));
    const got = said.flatMap((s, i) => (s === undefined ? [] : [`EXP-${i % 6}`]));
    expect([new Set(got).size, got.length]).toEqual([1, 2]);
    expect(await findOverride(db, w, id)).toMatchObject({ state: 'spent', export_id: got[0] });
    expect((await entries(w)).filter((e) => e.action === 'override_spent')).toHaveLength(1);
  });

  it('is spent only as the one that was judged, where one was named', async () => {
    const w = workspace();
    const id = await open(w);
    const named = (override_id: string) =>
      transaction(db, (tx) => spendOverride(tx, { workspace_id: w, export_id: 'EXP-1', override_id }));
    expect(await named('OVR-20260101-0123456789abcdef')).toBeUndefined();
    expect(await named(id)).toMatchObject({ override_id: id });
  });

  it('whose time is over has its end on record, once, by whoever comes first', async () => {
    const w = workspace();
    const id = await open(w, 1);
    await eventually(async () => (await liveOverride(db, w)) === undefined);
    await Promise.all([endOverrides(db), endOverrides(db), endOverrides(db)]);
    expect((await entries(w)).map((e) => e.action)).toEqual(['override_opened', 'override_expired']);
    expect(await findOverride(db, w, id)).toMatchObject({ state: 'expired', ended_by: 'export-approval' });
    expect(await clear(w)).toEqual({ ok: true, cleared: null });
  });

  it('is not spent by a transaction that does not commit', async () => {
    const w = workspace();
    await open(w);
    const failing = transaction(db, async (tx) => {
      await spendOverride(tx, { workspace_id: w, export_id: 'EXP-1' });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await spend(w, 'EXP-2')).toBeDefined();
  });

  it('is one at a time in its workspace, and none in another', async () => {
    const w = workspace();
    const said = await Promise.all(Array.from({ length: 5 }, () => ask(w)));
    expect(said.filter((s) => s.ok)).toHaveLength(1);
    expect(said.filter((s) => !s.ok).every((s) => !s.ok && s.code === 'override_live')).toBe(true);
    const other = workspace();
    expect([await spend(other, 'EXP-1'), await liveOverride(db, other)]).toEqual([undefined, undefined]);
    const id = (await liveOverride(db, w))?.override_id ?? '';
    expect(await findOverride(db, other, id)).toBeUndefined();
    expect(await review(other, id)).toMatchObject({ code: 'override_not_found' });
    expect(await clear(other)).toEqual({ ok: true, cleared: null });
    expect(await liveOverride(db, w)).toBeDefined();
  });

  it('ends by the clock of the database, without anybody; the next one may be opened', async () => {
    const w = workspace();
    const id = await open(w, 1);
    await eventually(async () => (await liveOverride(db, w)) === undefined);
    expect(await spend(w, 'EXP-1')).toBeUndefined();
    expect((await findOverride(db, w, id))?.state).toBe('expired');
    const next = await open(w);
    expect((await entries(w)).map((e) => e.action)).toEqual(['override_opened', 'override_expired', 'override_opened']);
    expect(await spend(w, 'EXP-1')).toMatchObject({ override_id: next });
  });

  it('S0-12 is cleared, and then lifts nothing; clearing again is no error', async () => {
    const w = workspace();
    const id = await open(w);
    expect(await clear(w)).toEqual({ ok: true, cleared: id });
    expect(await clear(w)).toEqual({ ok: true, cleared: null });
    expect([await liveOverride(db, w), await spend(w, 'EXP-1')]).toEqual([undefined, undefined]);
    expect((await entries(w)).map((e) => [e.action, e.actor])).toEqual([
      ['override_opened', 'ic@org'],
      ['override_cleared', 'ic@org'],
    ]);
  });

  it('stays within its hour and its end whoever writes', async () => {
    const w = workspace();
    const id = await open(w);
    const change = (set: string) => db.query(`UPDATE export_overrides SET ${set} WHERE override_id = $1`, [id]);
    await expect(change(`not_after = opened_at + interval '50 minutes'`)).rejects.toThrow('ends once');
    await spend(w, 'EXP-1');
    await expect(change(`ended_at = NULL, end_reason = NULL, ended_by = NULL, spent_by = NULL`)).rejects.toThrow(
      'ends once',
    );
    await expect(change(`spent_by = 'EXP-2'`)).rejects.toThrow('ends once');
    await expect(db.query('DELETE FROM export_overrides WHERE override_id = $1', [id])).rejects.toThrow('append-only');
    await expect(
      openOverride(db, by(workspace()), { ticket: 't', reason: 'r', seconds: 3601, key: key() }),
    ).rejects.toThrow('export_overrides_hour');
  });
});

describe('the review of an override', () => {
  it('is by a second person, once, after it is over', async () => {
    const w = workspace();
    const id = await open(w);
    expect(await review(w, id)).toMatchObject({ code: 'override_live' });
    await spend(w, 'EXP-1');
    expect(await review(w, id, 'ic@org')).toMatchObject({ code: 'reviewer_opened_it' });
    expect(await review(w, id)).toEqual({ ok: true, override_id: id });
    expect(await review(w, id, 'third@org')).toMatchObject({ code: 'override_reviewed' });
    expect(await findOverride(db, w, id)).toMatchObject({
      reviewed_by: 'second@org',
      review_note: 'it was right',
      single_operator: false,
    });
    const last = (await entries(w)).at(-1);
    expect([last?.action, last?.detail['late'], last?.detail['ticket']]).toEqual(['override_reviewed', false, 'INC-7']);
    expect(JSON.stringify(last)).not.toContain('it was right');
  });

  it('by the one person there is takes the id, typed, and is marked', async () => {
    const w = workspace();
    const id = await open(w, 1);
    await eventually(async () => (await liveOverride(db, w)) === undefined);
    const single_operator = true;
    expect(await review(w, id, 'ic@org', { single_operator })).toMatchObject({ code: 'confirmation_required' });
    expect(await review(w, id, 'ic@org', { single_operator, confirm: 'yes' })).toMatchObject({
      code: 'confirmation_required',
    });
    expect(await review(w, id, 'ic@org', { single_operator, confirm: id })).toMatchObject({ ok: true });
    expect((await entries(w)).map((e) => [e.action, e.detail['single_operator']])).toEqual([
      ['override_opened', undefined],
      ['override_expired', undefined],
      ['override_reviewed', true],
    ]);
  });

  it('that does not come in a day is missed, and comes late', async () => {
    const w = workspace();
    const id = await open(w);
    await clear(w);
    expect(await unreviewedOverrides(db, w)).toEqual([]);
    await db.query('ALTER TABLE export_overrides DISABLE TRIGGER export_overrides_end_once');
    await db.query(`UPDATE export_overrides SET review_due = clock_timestamp() WHERE override_id = $1`, [id]);
    await db.query('ALTER TABLE export_overrides ENABLE TRIGGER export_overrides_end_once');
    await eventually(async () => (await unreviewedOverrides(db, w)).length === 1);
    expect(await unreviewedOverrides(db, w)).toMatchObject([{ override_id: id, ticket: 'INC-7', by: 'ic@org' }]);
    expect(await review(w, id)).toMatchObject({ ok: true });
    expect([await unreviewedOverrides(db, w), (await entries(w)).at(-1)?.detail['late']]).toEqual([[], true]);
  });
});
