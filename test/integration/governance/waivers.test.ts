import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { revokeKey } from '../../../db/command/register-key.ts';
import { revokeWaiver } from '../../../db/command/revoke-waiver.ts';
import { instanceName } from '../../../db/read/operator-keys.ts';
import { findWaiver, ledgerLines, standingWaiver } from '../../../db/read/waivers.ts';
import { transaction } from '../../../db/transaction.ts';
import { waiverOfReceipt } from '../../../domain/governance/receipt.ts';
import { replayLedger } from '../../../domain/governance/replay.ts';
import type { WaiverStatement } from '../../../domain/governance/waiver.ts';
import { eventually } from '../../support/eventually.ts';
import { sha256 } from '../../support/incidents.ts';
import { newKey, register } from '../../support/operator-keys.ts';
import { waitsForLock } from '../../support/record.ts';
import {
  openGovernance,
  fromNow,
  grant,
  putBundle,
  receiptSigner,
  signedWaiver,
  statementOf,
  TRANSITION,
} from '../../support/waivers.ts';

let db: Database;
let close: () => Promise<void>;
const key = newKey();
const signer = receiptSigner();
beforeAll(async () => {
  ({ db, close } = await openGovernance(key));
});
afterAll(() => close?.());

let names = 0;
const bundle = (workspace = 'default') => putBundle(db, workspace, `model-${++names}`);
const freshKey = () => ({ decision_id: crypto.randomUUID(), request_digest: 'd' });
const standing = (bundle_digest: string, workspace_id = 'default', transition_digest = TRANSITION) =>
  transaction(db, (tx) => standingWaiver(tx, { workspace_id, bundle_digest, transition_digest, requester: 'alice' }));
const revoke = (waiver_id: string, workspace_id = 'default') =>
  revokeWaiver(
    db,
    { workspace_id, actor: 'ic@org', on_behalf_of: null },
    { waiver_id, reason: 'not needed', signer, key: freshKey() },
  );
const entries = (waiver_id: string) =>
  rows<{ action: string; actor: string; on_behalf_of: string; leaf: string }>(
    db,
    'SELECT action, actor, on_behalf_of, leaf FROM ledger_entries WHERE object = $1 ORDER BY entry_id',
    [`waiver/${waiver_id}`],
  );
const ledgerOf = async (bundle_digest: string) => {
  const lines = await ledgerLines(db, { workspace_id: 'default', bundle_digest, after: 0, limit: 100 });
  return Buffer.from(lines.map(({ line }) => `${line}\n`).join(''));
};
const granted = async (of: WaiverStatement['bundle'], over: Partial<WaiverStatement> = {}) => {
  const said = await grant(db, signedWaiver(key, await statementOf(db, of, key, over)), signer);
  if (!said.ok) throw new Error(said.code);
  return said.waiver_id;
};

describe('a waiver', () => {
  it('S0-18 S0-23 is on record with its entry and its line, and stands for its bundle and transition', async () => {
    const of = await bundle();
    const waiver_id = await granted(of);
    expect(await standing(of.digest)).toMatchObject({ waiver_id, by: 'safety@org' });
    expect(await standing(of.digest, 'default', `sha256:${'9'.repeat(64)}`)).toBeUndefined();
    expect(await standing((await bundle()).digest)).toBeUndefined();
    const [entry, ...more] = await entries(waiver_id);
    expect([entry?.action, entry?.actor, entry?.on_behalf_of, more]).toEqual([
      'waiver_granted',
      'safety@org',
      'safety@org',
      [],
    ]);
    expect(entry?.leaf).not.toContain('cannot be reached');
    const replay = replayLedger(await ledgerOf(of.digest), { keys: [signer], now: fromNow(0), sha256 });
    expect(replay).toMatchObject({
      lines: 1,
      problem: null,
      waivers: [{ waiver_id, state: 'standing', role: 'safety_reviewer' }],
    });
  });

  it('that comes again is answered as it was, once on record', async () => {
    const of = await bundle();
    const envelope = signedWaiver(key, await statementOf(db, of, key));
    const said = await Promise.all([1, 2, 3, 4].map(() => grant(db, envelope, signer)));
    expect(new Set(said.map((s) => s.ok && s.waiver_id)).size).toBe(1);
    expect(said.filter((s) => s.ok && s.created)).toHaveLength(1);
    expect(
      (await ledgerLines(db, { workspace_id: 'default', bundle_digest: of.digest, after: 0, limit: 9 })).length,
    ).toBe(1);
  });

  it('S0-23 is one line of a chain that concurrent ones share, and that nobody rewrites', async () => {
    const of = await bundle();
    const envelopes = await Promise.all(
      Array.from({ length: 6 }, async (_, i) =>
        signedWaiver(key, await statementOf(db, of, key, { justification: `no ${i}` })),
      ),
    );
    expect((await Promise.all(envelopes.map((e) => grant(db, e, signer)))).every((s) => s.ok)).toBe(true);
    expect(replayLedger(await ledgerOf(of.digest), { keys: [signer], now: fromNow(0), sha256 })).toMatchObject({
      lines: 6,
      problem: null,
    });
    await expect(
      db.query(`UPDATE governance_lines SET hash = prev_hash WHERE bundle_digest = $1`, [of.digest]),
    ).rejects.toThrow('append-only');
    await expect(db.query(`DELETE FROM governance_waivers WHERE bundle_digest = $1`, [of.digest])).rejects.toThrow(
      'append-only',
    );
    await expect(
      db.query(`UPDATE governance_waivers SET not_after = not_after + interval '1 hour' WHERE bundle_digest = $1`, [
        of.digest,
      ]),
    ).rejects.toThrow('only ever revoked');
  });

  it('is revoked once, in its ledger, and stands no more', async () => {
    const of = await bundle();
    const waiver_id = await granted(of);
    expect(await revoke(waiver_id)).toEqual({ ok: true });
    expect(await revoke(waiver_id)).toEqual({ ok: true });
    expect(await standing(of.digest)).toBeUndefined();
    expect((await findWaiver(db, 'default', waiver_id))?.state).toBe('revoked');
    expect((await entries(waiver_id)).map((e) => e.action)).toEqual(['waiver_granted', 'waiver_revoked']);
    expect(replayLedger(await ledgerOf(of.digest), { keys: [signer], now: fromNow(0), sha256 })).toMatchObject({
      lines: 2,
      waivers: [{ state: 'revoked' }],
    });
    expect(await revoke('WVR-20260101-0123456789abcdef')).toMatchObject({ code: 'waiver_not_found' });
  });

  it('that a transaction judges by is revoked after it, and not while it judges', async () => {
    const of = await bundle();
    const waiver_id = await granted(of);
    let revoked = false;
    let revoking: Promise<unknown> = Promise.resolve();
    const judged = await transaction(db, async (tx) => {
      const found = await standingWaiver(tx, {
        workspace_id: 'default',
        bundle_digest: of.digest,
        transition_digest: TRANSITION,
        requester: 'alice',
      });
      revoking = revoke(waiver_id).then(() => (revoked = true));
      await eventually(() => waitsForLock(db));
      return { found: found?.waiver_id, revoked };
    });
    expect(judged).toEqual({ found: waiver_id, revoked: false });
    await revoking;
    expect([revoked, await standing(of.digest)]).toEqual([true, undefined]);
  });

  it('ends by the clock of the database', async () => {
    const of = await bundle();
    const waiver_id = await granted(of, { not_after: fromNow(5000) });
    await eventually(async () => (await findWaiver(db, 'default', waiver_id))?.state === 'expired');
    expect(await standing(of.digest)).toBeUndefined();
  });

  it('of one workspace is none in another', async () => {
    const of = await bundle();
    const waiver_id = await granted(of);
    expect(await standing(of.digest, 'lab')).toBeUndefined();
    expect(await findWaiver(db, 'lab', waiver_id)).toBeUndefined();
    expect(await revoke(waiver_id, 'lab')).toMatchObject({ code: 'waiver_not_found' });
    const envelope = signedWaiver(key, await statementOf(db, of, key));
    expect(await grant(db, envelope, signer, { workspace_id: 'lab' })).toMatchObject({ code: 'key_unknown' });
  });

  it('stands no more when its key is revoked', async () => {
    const of = await bundle();
    const other = newKey();
    await register(db, other, { user: 'safety@org', roles: ['safety_reviewer'] });
    const said = await grant(db, signedWaiver(other, await statementOf(db, of, other)), signer);
    expect([said.ok, (await standing(of.digest)) !== undefined]).toEqual([true, true]);
    const by = { workspace_id: 'default', actor: 'safety@org', on_behalf_of: null };
    await revokeKey(db, by, { key_id: other.key_id, anyKey: false }, freshKey());
    expect(await standing(of.digest)).toBeUndefined();
    const again = await statementOf(db, of, other, { justification: 'again' });
    expect(await grant(db, signedWaiver(other, again), signer)).toMatchObject({ code: 'key_revoked' });
  });
});

describe('a receipt that is shown to an export', () => {
  it('names its waiver there and nowhere else', async () => {
    const of = await bundle();
    const waiver_id = await granted(of);
    const line = JSON.parse((await ledgerOf(of.digest)).toString()) as { receipt: unknown };
    const at = {
      instance: await instanceName(db),
      workspace_id: 'default',
      bundle_digest: of.digest,
      transition_digest: TRANSITION,
      now: fromNow(0),
    };
    expect(waiverOfReceipt(line.receipt, [signer], at)).toMatchObject({ ok: true, waiver_id });
    const invalid = { ok: false, code: 'waiver_invalid' };
    expect(waiverOfReceipt(line.receipt, [receiptSigner()], at)).toEqual(invalid);
    expect(waiverOfReceipt(line.receipt, [], at)).toEqual(invalid);
    expect(waiverOfReceipt({}, [signer], at)).toEqual(invalid);
    for (const over of [
      { instance: 'else' },
      { instance: undefined },
      { workspace_id: 'lab' },
      { bundle_digest: TRANSITION },
      { transition_digest: of.digest },
      { now: fromNow(3_700_000) },
    ])
      expect(waiverOfReceipt(line.receipt, [signer], { ...at, ...over })).toEqual(invalid);
  });
});
