import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { ledgerLines } from '../../../db/read/waivers.ts';
import type { WaiverStatement } from '../../../domain/governance/waiver.ts';
import { eventually } from '../../support/eventually.ts';
import { newKey, register } from '../../support/operator-keys.ts';
import {
  openGovernance,
  fromNow,
  grant,
  putBundle,
  receiptSigner,
  signedWaiver,
  statementOf,
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
const bundle = () => putBundle(db, 'default', `model-${++names}`);
const ledgerOf = (bundle_digest: string) =>
  ledgerLines(db, { workspace_id: 'default', bundle_digest, after: 0, limit: 100 });

describe('a waiver is refused, on record and without a line', () => {
  const cases: [string, Partial<WaiverStatement>, string][] = [
    ['of another scope', { scope: 'export_corrupt' }, 'scope_not_waivable'],
    ['past its time', { not_after: '2026-01-01T00:00:00Z' }, 'waiver_expired'],
    ['good for longer than a week', { not_after: fromNow(8 * 24 * 3_600_000) }, 'waiver_valid_too_long'],
    ['from the future', { issued_at: fromNow(3_600_000) }, 'waiver_not_yet_valid'],
    ['in a role that the key does not prove', { role: 'security_owner' }, 'role_not_held'],
    ['in a role that waives nothing', { role: 'viewer' }, 'not_permitted'],
    ['under another name', { identity: 'else@org' }, 'identity_not_holder'],
    ['for another instance', { instance: 'elsewhere' }, 'signed_for_another_instance'],
    ['for another workspace', { workspace: 'lab' }, 'signed_for_another_workspace'],
    ['of another transition', { transition_digest: `sha256:${'9'.repeat(64)}` }, 'bundle_differs'],
    ['of another license', { license: `sha256:${'b'.repeat(64)}` }, 'license_differs'],
    ['without a reason', { justification: ' ' }, 'statement_malformed'],
    ['with more members', { more: 1 } as never, 'statement_malformed'],
  ];
  it.each(cases)('%s', async (_name, over, code) => {
    const of = await bundle();
    expect(await grant(db, signedWaiver(key, await statementOf(db, of, key, over)), signer)).toEqual({
      ok: false,
      code,
    });
    expect(await ledgerOf(of.digest)).toHaveLength(0);
    const refused = await one<{ detail: string }>(
      db,
      `SELECT detail FROM ledger_entries WHERE action = 'decision_refused' ORDER BY entry_id DESC LIMIT 1`,
    );
    expect(JSON.parse(refused?.detail ?? '')).toEqual({ decision: 'waive', code });
  });

  it('whose bundle is not registered, or is another', async () => {
    const of = await bundle();
    const other = { ...of, version: '2.0.0' };
    const code = async (b: WaiverStatement['bundle']) =>
      grant(db, signedWaiver(key, await statementOf(db, b, key)), signer);
    expect(await code(other)).toMatchObject({ code: 'bundle_not_found' });
    expect(await code({ ...of, digest: `sha256:${'c'.repeat(64)}` })).toMatchObject({ code: 'bundle_differs' });
  });

  it('that a stranger signed, that was tampered with, or that is something else', async () => {
    const of = await bundle();
    const statement = await statementOf(db, of, key);
    const stranger = newKey();
    expect(await grant(db, signedWaiver(stranger, { ...statement, key_id: stranger.key_id }), signer)).toMatchObject({
      code: 'key_unknown',
    });
    expect(await grant(db, signedWaiver(stranger, statement), signer)).toMatchObject({ code: 'key_unknown' });
    const good = signedWaiver(key, statement);
    const payload = Buffer.from(JSON.stringify({ ...statement, justification: 'else' })).toString('base64');
    expect(await grant(db, { ...good, payload }, signer)).toMatchObject({ code: 'signature_invalid' });
    expect(await grant(db, signedWaiver(key, statement, 'application/json'), signer)).toMatchObject({
      code: 'payload_type_mismatch',
    });
    expect(
      await grant(db, { ...good, signatures: [...good.signatures, { keyid: 'else', sig: 'AAAA' }] }, signer),
    ).toMatchObject({ code: 'envelope_malformed' });
    expect(await grant(db, { nothing: 1 }, signer)).toMatchObject({ code: 'envelope_malformed' });
    expect(await grant(db, good, signer, { actor: 'else@org' })).toMatchObject({ code: 'key_of_another' });
    expect(await ledgerOf(of.digest)).toHaveLength(0);
  });

  it('whose key has expired', async () => {
    const of = await bundle();
    const short = newKey();
    await register(db, short, { user: 'safety@org', roles: ['safety_reviewer'], not_after: fromNow(5000) });
    const envelope = signedWaiver(short, await statementOf(db, of, short));
    await eventually(async () => {
      const row = await one<{ over: boolean }>(
        db,
        'SELECT not_after <= clock_timestamp() AS over FROM operator_keys WHERE key_id = $1',
        [short.key_id],
      );
      return row?.over;
    });
    expect(await grant(db, envelope, signer)).toMatchObject({ code: 'key_expired' });
  });
});
