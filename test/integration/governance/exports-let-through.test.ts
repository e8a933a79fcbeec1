import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../db/client.ts';
import { decideExport } from '../../../db/command/decide-export.ts';
import { recordExportStep } from '../../../db/command/export-steps.ts';
import type { StepTaken } from '../../../db/command/export-steps.ts';
import { openOverride } from '../../../db/command/open-override.ts';
import { requestExport } from '../../../db/command/request-export.ts';
import { getExport } from '../../../db/read/exports.ts';
import { findOverride, liveOverride } from '../../../db/read/overrides.ts';
import type { ExportReason } from '../../../domain/export/types.ts';
import { digestHex } from '../../../domain/registry/digest.ts';
import { newKey } from '../../support/operator-keys.ts';
import {
  openGovernance,
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

const workspace_id = 'default';
const freshKey = () => ({ decision_id: crypto.randomUUID(), request_digest: 'd' });
let names = 0;
const bundle = () => putBundle(db, workspace_id, `model-${++names}`);
type Bundle = Awaited<ReturnType<typeof bundle>>;

/** An export that was asked for and whose preflight found this. Returns its id and how it stands. */
async function preflighted(of: Bundle, findings: ExportReason[] = [], ticket: string | null = null, actor = 'alice') {
  const said = await requestExport(
    db,
    { workspace_id, actor, on_behalf_of: null },
    {
      bundle: of,
      destination: { kind: 'file' },
      reason: 'r',
      ticket,
      manifest: null,
      retain_days: null,
      not_after: null,
      mode: 'enforce',
      key: freshKey(),
    },
  );
  if (!said.ok) throw new Error(said.code);
  const { export_id } = said;
  await step(export_id, { kind: 'preflighting' });
  const digest = digestHex(of.digest) ?? '';
  const found = {
    kind: 'preflighted',
    bundle: { digest, transition_digest: TRANSITION },
    findings,
    manifest: null,
  } as const;
  await step(export_id, found);
  return export_id;
}

async function step(export_id: string, taken: StepTaken) {
  const row = await db.query<{ version: number }>('SELECT version FROM exports WHERE export_id = $1', [export_id]);
  return recordExportStep(db, { workspace_id, export_id }, row.rows[0]?.version ?? 0, taken);
}
const standing = async (export_id: string) => {
  const found = await getExport(db, workspace_id, export_id);
  return { state: found?.state, reason: found?.reason_code ?? null };
};
async function waived(of: Bundle): Promise<string> {
  const said = await grant(db, signedWaiver(key, await statementOf(db, of, key)), signer);
  if (!said.ok) throw new Error(said.code);
  return said.waiver_id;
}
const waive = (export_id: string, receipt: string) => {
  const by = {
    workspace_id,
    actor: 'safety@org',
    on_behalf_of: null,
    roles: ['safety_reviewer' as const],
    single_operator: false,
  };
  return decideExport(db, by, { export_id, key: freshKey(), request: { kind: 'waive', receipt } });
};

describe('an export with a waiver', () => {
  it('S0-18 S0-24 that was not approved is asked for again, and passes', async () => {
    const of = await bundle();
    expect(await standing(await preflighted(of))).toEqual({ state: 'pending_approval', reason: null });
    await waived(of);
    expect((await standing(await preflighted(of))).state).toBe('waived');
    expect((await standing(await preflighted(await bundle()))).state).toBe('pending_approval');
  });

  it('is not let through by the waiver of whoever asks for it, unless there is one person for all of it', async () => {
    const of = await bundle();
    const receipt = await waived(of);
    const own = await preflighted(of, [], null, 'safety@org');
    expect((await standing(own)).state).toBe('pending_approval');
    expect(await waive(own, receipt)).toMatchObject({ ok: false, code: 'waiver_invalid' });
    expect((await standing(await preflighted(of, [], null, 'local-operator'))).state).toBe('waived');
  });

  it('S0-24 goes on from where it waited, by the waiver of its own bundle and no other', async () => {
    const [of, other] = [await bundle(), await bundle()];
    const [id, own, foreign] = [await preflighted(of), await waived(of), await waived(other)];
    expect(await waive(id, foreign)).toMatchObject({ ok: false, code: 'waiver_invalid' });
    expect(await waive(id, 'WVR-20260101-0123456789abcdef')).toMatchObject({ ok: false, code: 'waiver_invalid' });
    expect(await waive(id, own)).toMatchObject({ ok: true });
    expect((await standing(id)).state).toBe('waived');
  });

  it.each(['blob_corrupt', 'blob_missing', 'license_missing', 'policy_tainted'] as const)(
    'S0-25 is blocked by %s all the same',
    async (reason) => {
      const of = await bundle();
      await waived(of);
      expect(await standing(await preflighted(of, [reason]))).toEqual({ state: 'blocked', reason });
    },
  );
});

describe('an export with an override', () => {
  const open = async (ticket: string) => {
    const by = { workspace_id, actor: 'ic@org', on_behalf_of: null };
    const said = await openOverride(db, by, { ticket, reason: 'down', seconds: 600, key: freshKey() });
    if (!said.ok) throw new Error(said.code);
    return said.override_id;
  };

  it('S0-10 S0-11 leaves though the registry fails, once and under its ticket; a second one does not', async () => {
    const of = await bundle();
    await waived(of);
    const down: ExportReason[] = ['registry_unreachable'];
    expect((await standing(await preflighted(of, down, 'INC-1'))).state).toBe('blocked');
    const override_id = await open('INC-1');
    expect((await standing(await preflighted(of, down, 'INC-2'))).state).toBe('blocked');
    expect((await standing(await preflighted(of, [...down, 'blob_corrupt'], 'INC-1'))).reason).toBe('blob_corrupt');
    const [first, second] = [await preflighted(of, down, 'INC-1'), await preflighted(of, down, 'INC-1')];
    await step(first, { kind: 'begin' });
    await step(second, { kind: 'begin' });
    expect((await standing(second)).state).toBe('blocked');
    expect((await standing(first)).state).not.toBe('blocked');
    expect(await findOverride(db, workspace_id, override_id)).toMatchObject({ state: 'spent', export_id: first });
    expect(await liveOverride(db, workspace_id)).toBeUndefined();
  });
});
