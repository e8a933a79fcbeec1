import {
  bundleRefusal,
  envelopeDigest,
  readWaiver,
  WAIVER_TYPE,
  waiverRefusal,
} from '../../domain/governance/waiver.ts';
import type { RegisteredBundle, WaiverRefusal, WaiverStatement } from '../../domain/governance/waiver.ts';
import { WAIVER_ID } from '../../domain/governance/receipt.ts';
import type { ReceiptSigner } from '../../domain/governance/receipt.ts';
import type { BundleManifest } from '../../domain/registry/manifest.ts';
import { fromBase64, toBase64 } from '../../domain/signing/base64.ts';
import { DsseError, dsseEnvelopeSchema, verifyEnvelope } from '../../domain/signing/dsse.ts';
import type { DsseEnvelope, DsseErrorCode } from '../../domain/signing/dsse.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { instanceName } from '../read/operator-keys.ts';
import type { OperatorKey } from '../read/operator-keys.ts';
import { findBundle } from '../read/registry.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import { appendLine, lockLedger } from '../write/governance.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

export type GrantRefusal =
  | DsseErrorCode
  | WaiverRefusal
  | 'ledger_unpublished'
  | 'statement_malformed'
  | 'bundle_not_found'
  | 'bundle_differs'
  | 'license_differs';

/** `created` is false for an envelope that is on record: it is answered as it was then. */
export type Granted = { ok: true; waiver_id: string; created: boolean } | { ok: false; code: GrantRefusal } | Reused;

/** What the envelope comes to: a waiver that a registered key did sign, under the lock of the key's row. */
type Known = { code: GrantRefusal } | { envelope: DsseEnvelope; key: OperatorKey; statement: WaiverStatement };

/**
 * Puts a signed waiver on record, with its line in the bundle's ledger and its entry in the log, once: the same envelope
 * again changes nothing. The envelope is of any shape and proves nothing before its signature is verified on the row of its
 * key, which no revocation passes meanwhile.
 */
export async function grantWaiver(
  db: Database,
  by: Caller,
  { envelope, signer, key }: { envelope: unknown; signer: ReceiptSigner; key: DecisionKey },
): Promise<Granted> {
  const { workspace_id } = by;
  const aggregate = `waiver/${key.request_digest}`;
  return decideOnce<Granted>(db, by, { workspace_id, aggregate, kind: 'waive', key }, async (tx, now) => {
    const known = await authenticate(tx, workspace_id, envelope);
    if ('code' in known) return { ok: false, code: known.code };
    const { statement } = known;
    const digest = envelopeDigest(known.envelope, sha256);
    const head = await lockLedger(tx, workspace_id, statement.bundle.digest);
    const there = await one<{ waiver_id: string }>(
      tx,
      'SELECT waiver_id FROM governance_waivers WHERE workspace_id = $1 AND digest = $2 AND actor = $3',
      [workspace_id, digest, by.actor],
    );
    if (there !== undefined) return { ok: true, waiver_id: there.waiver_id, created: false };
    const instance = await instanceName(tx);
    if (instance === undefined) return { ok: false, code: 'ledger_unpublished' };
    const refusal =
      waiverRefusal(statement, known.key, { instance, workspace_id, actor: by.actor, now }) ??
      bundleRefusal(statement, await registered(tx, workspace_id, statement));
    if (refusal !== null) return { ok: false, code: refusal };
    const waiver_id = `WVR-${now.slice(0, 10).replaceAll('-', '')}-${digest.slice(0, 16)}`;
    if (!WAIVER_ID.test(waiver_id)) throw new Error('an id that nobody could ask for');
    const granted = { ...known, waiver_id, digest, instance, now };
    await insert(tx, by, granted);
    await appendLine(tx, head, { signer, envelope: known.envelope, ...said(by, granted) });
    return { ok: true, waiver_id, created: true };
  });
}

async function authenticate(tx: Tx, workspace_id: string, envelope: unknown): Promise<Known> {
  const parsed = dsseEnvelopeSchema.safeParse(envelope);
  const payload = parsed.success ? fromBase64(parsed.data.payload) : null;
  if (!parsed.success || payload === null) return { code: 'envelope_malformed' };
  const statement = readWaiver(payload);
  const key =
    statement === null
      ? undefined
      : await one<OperatorKey>(tx, 'SELECT * FROM operator_keys WHERE workspace_id = $1 AND key_id = $2 FOR SHARE', [
          workspace_id,
          statement.key_id,
        ]);
  const keys = key === undefined ? [] : [{ key_id: key.key_id, public_key: new Uint8Array(key.public_key) }];
  try {
    verifyEnvelope(parsed.data, keys, WAIVER_TYPE);
  } catch (error) {
    if (!(error instanceof DsseError)) throw error;
    return { code: error.code === 'key_unknown' && statement === null ? 'statement_malformed' : error.code };
  }
  if (statement === null || key === undefined) return { code: 'statement_malformed' };
  // A second signature, by nobody we know, would make another waiver of the same word.
  return parsed.data.signatures.length === 1
    ? { envelope: parsed.data, key, statement }
    : { code: 'envelope_malformed' };
}

async function registered(
  tx: Tx,
  workspace_id: string,
  { bundle }: WaiverStatement,
): Promise<RegisteredBundle | undefined> {
  const found = await findBundle(tx, workspace_id, bundle);
  return found === undefined
    ? undefined
    : { digest: found.digest, manifest: JSON.parse(found.manifest) as BundleManifest };
}

interface Accepted {
  envelope: DsseEnvelope;
  key: OperatorKey;
  statement: WaiverStatement;
  waiver_id: string;
  digest: string;
  instance: string;
  now: string;
}

const insert = (tx: Tx, by: Caller, { envelope, statement: s, waiver_id, digest, now }: Accepted) =>
  tx.query(
    `INSERT INTO governance_waivers
        (workspace_id, waiver_id, digest, bundle_name, bundle_version, bundle_digest, transition_digest, scope,
          license_digest, role, identity, key_id, envelope, waived_at, not_after, actor, on_behalf_of)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
    [
      by.workspace_id,
      waiver_id,
      digest,
      s.bundle.name,
      s.bundle.version,
      s.bundle.digest,
      s.transition_digest,
      s.scope,
      s.license,
      s.role,
      s.identity,
      s.key_id,
      JSON.stringify(envelope),
      now,
      s.not_after,
      by.actor,
      s.identity,
    ],
  );

/** The entry and the receipt. The justification is in neither. */
function said(by: Caller, { key, statement: s, waiver_id, digest, instance, now }: Accepted) {
  const { bundle, transition_digest, scope, not_after } = s;
  const entry = {
    workspace_id: by.workspace_id,
    at: now,
    actor: by.actor,
    on_behalf_of: s.identity,
    action: 'waiver_granted',
    object: `waiver/${waiver_id}`,
    record_hash: digest,
    record_version: null,
    detail: { bundle, transition_digest, scope, role: s.role, key_id: s.key_id, license: s.license, not_after },
    policy_digest: null,
  };
  const receipt = {
    ...{ instance, workspace: by.workspace_id, event: 'waived' as const, waiver_id, waiver_digest: digest },
    ...{ bundle, transition_digest, scope, not_after, reason: null, by: by.actor, recorded_at: now },
    key: archived(key),
  };
  return { entry, receipt };
}

/** A registered key as receipts keep it: whoever replays the ledger later needs no other copy. */
export const archived = ({ key_id, public_key, user_id, roles }: OperatorKey) => ({
  key_id,
  public_key: toBase64(new Uint8Array(public_key)),
  user: user_id,
  roles: [...roles].sort(),
});
