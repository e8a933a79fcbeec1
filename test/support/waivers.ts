import { sign } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical/json.ts';
import { WAIVER_TYPE } from '../../domain/governance/waiver.ts';
import type { WaiverStatement } from '../../domain/governance/waiver.ts';
import { bundleDigest, bundleText } from '../../domain/registry/manifest.ts';
import { digestName } from '../../domain/registry/digest.ts';
import type { Database } from '../../db/client.ts';
import { requestDigest } from '../../db/command/decisions.ts';
import { grantWaiver } from '../../db/command/grant-waiver.ts';
import type { Granted } from '../../db/command/grant-waiver.ts';
import { instanceName } from '../../db/read/operator-keys.ts';
import type { ReceiptSigner } from '../../domain/governance/receipt.ts';
import { sha256 } from './incidents.ts';
import { eventually } from './eventually.ts';
import { startSequencers } from './log.ts';
import { newKey, register } from './operator-keys.ts';
import type { TestKey } from './operator-keys.ts';
import { openRecord } from './record.ts';

export const TRANSITION = `sha256:${'1'.repeat(64)}`;
export const LICENSE = 'a'.repeat(64);

/** A record with a log that runs, and `key` registered as that of safety@org, who is a safety reviewer. */
export async function openGovernance(key: TestKey): Promise<{ db: Database; close: () => Promise<void> }> {
  const { db, url, close } = await openRecord();
  const sequencers = startSequencers({ db, databaseUrl: url });
  await eventually(() => instanceName(db));
  await register(db, key, { user: 'safety@org', roles: ['safety_reviewer'] });
  return {
    db,
    close: async () => {
      await sequencers.stop();
      await close();
    },
  };
}

/** A bundle as the registry has it, without its blobs. Returns what a waiver says of it. */
export async function putBundle(db: Database, workspace_id: string, name: string, transition_digest = TRANSITION) {
  const id = { name, version: '1.0.0' };
  const manifest = {
    blobs: [{ path: 'LICENSE', sha256: LICENSE, size: 1 }],
    transition_digest,
    license: { id: 'Apache-2.0', sha256: LICENSE },
    policy_profile: 'audit-strict',
    policy_hash: `sha256:${'2'.repeat(64)}`,
    created_at: '2026-01-02T03:04:05Z',
  };
  const digest = bundleDigest(id, manifest, sha256);
  await db.query(
    `INSERT INTO registry_bundles (workspace_id, name, version, digest, manifest, blobs, bytes, published_at, actor)
      VALUES ($1, $2, $3, $4, $5, 1, 1, clock_timestamp(), 'test')`,
    [workspace_id, id.name, id.version, digest, bundleText(id, manifest)],
  );
  return { ...id, digest: digestName(digest) };
}

/** The instance's key for receipts. */
export function receiptSigner(key: TestKey = newKey()): ReceiptSigner {
  const { key_id, public_key, privateKey } = key;
  return { key_id, public_key, sign: (message) => new Uint8Array(sign(null, message, privateKey)) };
}

export const fromNow = (ms: number): string => new Date(Date.now() + ms).toISOString();

/** A waiver that is taken, for a bundle, by a key of safety@org. */
export async function statementOf(
  db: Database,
  bundle: WaiverStatement['bundle'],
  key: TestKey,
  over: Partial<WaiverStatement> = {},
): Promise<WaiverStatement> {
  return {
    instance: (await instanceName(db)) ?? '',
    workspace: 'default',
    bundle,
    transition_digest: TRANSITION,
    scope: 'export_unapproved',
    justification: 'incident 1234: the approvers cannot be reached',
    license: digestName(LICENSE),
    role: 'safety_reviewer',
    identity: 'safety@org',
    issued_at: fromNow(0),
    not_after: fromNow(3_600_000),
    key_id: key.key_id,
    ...over,
  };
}

export const signedWaiver = (key: TestKey, statement: object, type = WAIVER_TYPE) =>
  key.sign(type, new TextEncoder().encode(canonicalJson(statement)));

/** Asks for a waiver as its signer does. */
export const grant = (
  db: Database,
  envelope: unknown,
  signer: ReceiptSigner,
  by: { workspace_id?: string; actor?: string } = {},
): Promise<Granted> =>
  grantWaiver(
    db,
    { workspace_id: 'default', actor: 'safety@org', on_behalf_of: null, ...by },
    { envelope, signer, key: { decision_id: crypto.randomUUID(), request_digest: requestDigest({ envelope }) } },
  );
