import { AttestationError } from '../../domain/attestation/error.ts';
import {
  REFERENCE_VALUES_TYPE,
  parseReferenceValues,
  referenceDigest,
} from '../../domain/attestation/reference-values.ts';
import type { ReferenceValues } from '../../domain/attestation/reference-values.ts';
import { canonicalJson } from '../../domain/canonical/json.ts';
import { INTEGRITY_BASELINE_TYPE, baselineDigest, parseBaseline } from '../../domain/integrity/baseline.ts';
import type { IntegrityBaseline } from '../../domain/integrity/baseline.ts';
import { IntegrityError } from '../../domain/integrity/error.ts';
import { DsseError, envelopeOf, preAuthenticationEncoding, verifyEnvelope } from '../../domain/signing/dsse.ts';
import type { VerificationKey } from '../../domain/signing/dsse.ts';
import { INSTANCE } from '../command/caller.ts';
import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import { sha256 } from '../write/change.ts';
import { writeEntries } from '../write/ledger.ts';
import type { Signer } from './context.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

function seal(type: string, value: unknown, signer: Signer): string {
  const payload = Buffer.from(canonicalJson(value), 'utf8');
  const signature = signer.sign(preAuthenticationEncoding(type, payload));
  return JSON.stringify(envelopeOf(type, payload, [{ key_id: signer.key_id, signature }]));
}

function open(envelope: string, type: string, keys: readonly VerificationKey[]): unknown {
  return JSON.parse(decoder.decode(verifyEnvelope(JSON.parse(envelope), keys, type).payload));
}

/** What a stored version says, or that it is not believed: tampering with it must show as a failure, not as a silence. */
export async function believed<T>(read: () => Promise<T>): Promise<T | 'not_believed'> {
  try {
    return await read();
  } catch (error) {
    const doubted = error instanceof DsseError || error instanceof AttestationError || error instanceof IntegrityError;
    if (doubted || error instanceof SyntaxError) return 'not_believed';
    throw error;
  }
}

/** The reference values in force for a node. Throws DsseError, AttestationError for a version that is not believed. */
export async function currentReference(
  tx: Queryable,
  node: string,
  keys: readonly VerificationKey[],
): Promise<ReferenceValues | null> {
  const row = await one<{ envelope: string }>(
    tx,
    'SELECT envelope FROM reference_values WHERE workspace_id = $1 AND node = $2 ORDER BY version DESC LIMIT 1',
    [INSTANCE, node],
  );
  return row === undefined ? null : parseReferenceValues(open(row.envelope, REFERENCE_VALUES_TYPE, keys));
}

/** The baseline in force under a name. Throws DsseError, IntegrityError. */
export async function currentBaseline(
  tx: Queryable,
  baseline: string,
  keys: readonly VerificationKey[],
): Promise<IntegrityBaseline | null> {
  const row = await one<{ envelope: string }>(
    tx,
    'SELECT envelope FROM integrity_baselines WHERE workspace_id = $1 AND baseline = $2 ORDER BY version DESC LIMIT 1',
    [INSTANCE, baseline],
  );
  return row === undefined ? null : parseBaseline(open(row.envelope, INTEGRITY_BASELINE_TYPE, keys));
}

interface Author {
  actor: string;
  on_behalf_of: string | null;
}

/** What a person approved: the digest of what was observed, and whether they named it as what they had reviewed. */
export interface Approved {
  observed_digest: string;
  reviewed: boolean;
}

/** Stores the next signed version of a node's reference values with its entry. */
export async function storeReference(
  tx: Queryable,
  values: ReferenceValues,
  signer: Signer,
  by: Author,
  approved?: Approved,
): Promise<void> {
  const digest = referenceDigest(values, sha256);
  const { approved: why } = values;
  await tx.query(
    `INSERT INTO reference_values (workspace_id, node, version, envelope, digest, pcrs, reason, ticket, created_at, actor, on_behalf_of)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      INSTANCE,
      values.node,
      values.version,
      seal(REFERENCE_VALUES_TYPE, values, signer),
      digest,
      JSON.stringify(Object.keys(values.pcrs).map(Number)),
      why.reason,
      why.ticket,
      why.at,
      by.actor,
      by.on_behalf_of,
    ],
  );
  await writeEntries(tx, [
    versionEntry('reference_approved', `reference/${values.node}`, digest, values, by, approved),
  ]);
}

/** Stores the next signed version of a baseline with its entry. */
export async function storeBaseline(
  tx: Queryable,
  baseline: IntegrityBaseline,
  signer: Signer,
  by: Author,
  approved?: Approved,
): Promise<void> {
  const digest = baselineDigest(baseline, sha256);
  const { approved: why } = baseline;
  await tx.query(
    `INSERT INTO integrity_baselines (workspace_id, baseline, version, envelope, digest, reason, ticket, created_at, actor, on_behalf_of)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      INSTANCE,
      baseline.baseline,
      baseline.version,
      seal(INTEGRITY_BASELINE_TYPE, baseline, signer),
      digest,
      why.reason,
      why.ticket,
      why.at,
      by.actor,
      by.on_behalf_of,
    ],
  );
  await writeEntries(tx, [
    versionEntry('baseline_approved', `baseline/${baseline.baseline}`, digest, baseline, by, approved),
  ]);
}

const versionEntry = (
  action: string,
  object: string,
  digest: string,
  version: { version: number; approved: { at: string; ticket: string | null; incident_id: string | null } },
  by: Author,
  approved: Approved | undefined,
) => ({
  workspace_id: INSTANCE,
  at: version.approved.at,
  ...by,
  action,
  object,
  record_hash: digest,
  record_version: version.version,
  detail: { ticket: version.approved.ticket, incident_id: version.approved.incident_id, ...approved },
  policy_digest: null,
});
