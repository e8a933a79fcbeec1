import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { decideExport } from '../../../db/command/decide-export.ts';
import { attendExport, recordExportStep } from '../../../db/command/export-steps.ts';
import type { StepTaken } from '../../../db/command/export-steps.ts';
import { getExport } from '../../../db/read/exports.ts';
import type { ExportReason } from '../../../domain/export/types.ts';
import { bundleDigest } from '../../../domain/registry/manifest.ts';
import { freshKey } from '../../support/adapters.ts';
import { MANIFEST } from '../../support/export-engine.ts';
import { approve, opened, person } from '../../support/exports.ts';
import { sha256 } from '../../support/incidents.ts';
import { openRecord, reportIncident } from '../../support/record.ts';

let db: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await openRecord());
});
afterAll(() => close?.());

const workspace = () => `w-${crypto.randomUUID()}`;
const digest = bundleDigest({ name: 'agent', version: '1.0.0' }, MANIFEST, sha256);
const bundle = { digest, transition_digest: MANIFEST.transition_digest };
const found = (...findings: ExportReason[]): StepTaken => ({
  kind: 'preflighted',
  bundle,
  manifest: MANIFEST,
  findings,
});
const sent: StepTaken = { kind: 'sent', handle: 'h', received: 10, sha256: 'f'.repeat(64) };
const sealed: StepTaken = { kind: 'sealed', statement: '{}', digest: 'd'.repeat(64) };

type Op =
  | { step: StepTaken }
  | { approve: [actor: string, ...roles: string[]] }
  | { end: 'reject' | 'cancel' }
  | 'airlock closes'
  | 'airlock opens'
  | 'approvals expire'
  | 'wait is over'
  | 'attend';

const OPS: Op[] = [
  { step: { kind: 'preflighting' } },
  { step: found() },
  { step: found() },
  { step: found('blob_corrupt') },
  { step: found('profile_unpinned') },
  { step: found('registry_unreachable') },
  { approve: ['alice', 'safety_reviewer', 'security_owner'] },
  { approve: ['bob', 'safety_reviewer'] },
  { approve: ['bob', 'safety_reviewer', 'security_owner'] },
  { approve: ['carol', 'security_owner'] },
  { approve: ['mallory', 'operator', 'approver'] },
  { end: 'reject' },
  { end: 'cancel' },
  { step: { kind: 'begin' } },
  { step: { kind: 'begin' } },
  { step: sealed },
  { step: { kind: 'opened', handle: 'h' } },
  { step: sent },
  { step: { kind: 'stopped', reason: 'blob_corrupt' } },
  { step: { kind: 'stopped', reason: 'airlock_closed' } },
  { step: { kind: 'failed', code: 'x', retry: false } },
  { step: { kind: 'committing' } },
  { step: { kind: 'delivered', kept: 'stored', generation: 0 } },
  'airlock closes',
  'airlock opens',
  'approvals expire',
  'wait is over',
  'attend',
];

/** The way that an export leaves by, so that few of the sequences end early; what else happens is put in between. */
const WAY: Op[] = [
  { step: found() },
  { approve: ['bob', 'safety_reviewer'] },
  { approve: ['carol', 'security_owner'] },
  { step: { kind: 'begin' } },
  { step: sealed },
  { step: sent },
  { step: { kind: 'committing' } },
  { step: { kind: 'delivered', kept: 'stored', generation: 0 } },
];
const sequence: fc.Arbitrary<Op[]> = fc
  .array(fc.record({ at: fc.nat({ max: WAY.length }), op: fc.constantFrom(...OPS), drop: fc.boolean() }), {
    maxLength: 4,
  })
  .map((changes) => {
    const ops = [...WAY];
    for (const { at, op, drop } of changes) ops.splice(at, drop ? 1 : 0, op);
    return ops;
  });

async function run(w: string, id: string, op: Op): Promise<boolean> {
  const of = { workspace_id: w, export_id: id };
  const version = (await getExport(db, w, id))?.version ?? 0;
  try {
    if (typeof op === 'object' && 'step' in op) return (await recordExportStep(db, of, version, op.step)) !== undefined;
    if (typeof op === 'object' && 'approve' in op) {
      const [actor, ...roles] = op.approve;
      return (await approve(db, person(w, actor, ...roles), id)).ok;
    }
    if (typeof op === 'object') {
      const request =
        op.end === 'reject' ? ({ kind: 'reject', reason: 'no' } as const) : ({ kind: 'cancel', reason: null } as const);
      return (await decideExport(db, person(w, 'alice', 'approver'), { export_id: id, key: freshKey(), request })).ok;
    }
    if (op === 'attend') return (await attendExport(db, of)) !== undefined;
    if (op === 'airlock closes') await reportIncident(db, 'attestation_failure', {}, w);
    if (op === 'airlock opens')
      await db.query(
        `UPDATE holds SET released_at = clock_timestamp() WHERE workspace_id = $1 AND released_at IS NULL`,
        [w],
      );
    if (op === 'approvals expire')
      await db.query(`UPDATE export_approvals SET not_after = at WHERE workspace_id = $1 AND export_id = $2`, [w, id]);
    if (op === 'wait is over')
      await db.query(`UPDATE exports SET expires_at = created_at WHERE workspace_id = $1 AND export_id = $2`, [w, id]);
    return true;
  } catch (error) {
    // An event that its state knows nothing of; the transaction is rolled back. What the database refuses is no such thing.
    if ((error as { code?: unknown }).code !== undefined) throw error;
    return false;
  }
}

const openAirlock = async (w: string): Promise<boolean> =>
  (await one(db, `SELECT 1 FROM holds WHERE workspace_id = $1 AND gate = 'airlock' AND released_at IS NULL LIMIT 1`, [
    w,
  ])) === undefined;

describe('an export on a real record', () => {
  it('S0-25 never leaves without a grant that stood, a whole archive and an open airlock', async () => {
    let left = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('enforce', 'advisory'), sequence, async (mode, ops) => {
        const w = workspace();
        const id = await opened(db, w, { mode });
        let [whole, passed, ended] = [false, false, false];
        for (const op of ops) {
          const before = await getExport(db, w, id);
          const open = await openAirlock(w);
          const taken = await run(w, id, op);
          const after = await getExport(db, w, id);
          const kind = typeof op === 'object' && 'step' in op ? op.step.kind : null;
          if (taken && kind === 'sent') whole = true;
          if (taken && kind === 'committing') passed = open;
          if (after?.state === 'exporting' && before?.state !== 'exporting') {
            expect(open).toBe(true);
            if (mode === 'enforce') {
              const counted = await rows<{ actor: string; role: string }>(
                db,
                `SELECT actor, role FROM export_approvals WHERE export_id = $1 AND not_after > clock_timestamp() AND actor <> 'alice'`,
                [id],
              );
              expect(new Set(counted.map((a) => a.actor)).size).toBe(2);
              expect(counted.map((a) => a.role).sort()).toEqual(['safety_reviewer', 'security_owner']);
            }
          }
          if (after?.state === 'exported' && before?.state !== 'exported') {
            left += 1;
            expect([whole, passed]).toEqual([true, true]);
          }
          if (ended) expect(after?.state).toBe(before?.state);
          ended = after?.finished_at !== null;
        }
      }),
      { numRuns: 60 },
    );
    expect(left).toBeGreaterThan(0);
  });

  it('is held by the database where the rule is passed over', async () => {
    const w = workspace();
    const id = await opened(db, w);
    const set = (what: string) => db.query(`UPDATE exports SET ${what} WHERE export_id = $1`, [id]);
    await run(w, id, { step: found() });
    await expect(set(`state = 'exporting'`)).rejects.toThrow('exports_granted');
    await expect(
      set(`state = 'approved', granted_at = now(), basis = '{"kind":"approval","approvals":[]}'`),
    ).rejects.toThrow('exports_granted');
    await expect(set(`state = 'exporting', granted_at = now(), basis = '{"kind":"advisory"}'`)).rejects.toThrow(
      'exports_granted',
    );
    await approve(db, person(w, 'bob', 'safety_reviewer'), id);
    await approve(db, person(w, 'carol', 'security_owner'), id);
    await run(w, id, { step: { kind: 'begin' } });
    const done = `state = 'exported', finished_at = now()`;
    await expect(set(done)).rejects.toThrow('exports_checked');
    const checks = `archive_sha256 = repeat('f', 64), statement_digest = repeat('d', 64), airlock_checked_at = now()`;
    await expect(set(`${done}, ${checks}`)).rejects.toThrow('exports_checked');
    await expect(set(`${done}, ${checks}, integrity_checked_at = now() + interval '1 hour'`)).rejects.toThrow(
      'exports_checked',
    );
    const insert = (actor: string) =>
      db.query(
        `INSERT INTO export_approvals (workspace_id, export_id, requested_by, role, at, not_after, entry, single_operator, actor)
          VALUES ($1, $2, 'alice', 'approver', now(), now(), '', false, $3)`,
        [w, id, actor],
      );
    await expect(insert('alice')).rejects.toThrow('export_approvals_others');
    await expect(insert('bob')).rejects.toThrow('export_approvals_workspace_id_export_id_actor_pk');
  });

  it('says in its entries who asked, who approved and what came of it, with the hash of each approval', async () => {
    const w = workspace();
    const id = await opened(db, w, { ticket: 'T-9' });
    for (const op of WAY) expect(await run(w, id, op)).toBe(true);
    const entries = await rows<{ action: string; actor: string; hash: string; leaf: string }>(
      db,
      `SELECT action, actor, encode(leaf_hash, 'hex') AS hash, leaf FROM ledger_entries WHERE workspace_id = $1 AND object = $2 ORDER BY entry_id`,
      [w, `export/${id}`],
    );
    expect(entries.map((e) => e.action)).toEqual([
      'export_requested',
      'export_pending_approval',
      'export_approval_given',
      'export_approval_given',
      'export_approved',
      'export_begin',
      'export_sealed',
      'export_sent',
      'export_committing',
      'export_exported',
    ]);
    const record = await getExport(db, w, id);
    expect(record?.approvals.map((a) => a.entry)).toEqual(
      entries.filter((e) => e.action === 'export_approval_given').map((e) => e.hash),
    );
    expect(entries.every((e) => !e.leaf.includes('a customer waits'))).toBe(true);
  });

  it('is asked for once under one key', async () => {
    const w = workspace();
    const first = await opened(db, w);
    expect(await opened(db, w)).not.toBe(first);
  });
});
