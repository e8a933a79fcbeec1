import { z } from 'zod';
import { quotedDigest } from '../../domain/attestation/pcr-claims.ts';
import { approveReference } from '../../domain/attestation/reference-values.ts';
import { approveBaseline, fileRecordSchema } from '../../domain/integrity/baseline.ts';
import { observedDigest } from '../../domain/integrity/compare.ts';
import type { IncidentClass } from '../../domain/containment/types.ts';
import type { AttestationContext, Signer } from '../attestation/context.ts';
import { lastResult } from '../attestation/last-result.ts';
import { currentBaseline, currentReference, storeBaseline, storeReference } from '../attestation/signed-versions.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { DsseError } from '../../domain/signing/dsse.ts';
import { sha256 } from '../write/change.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

/**
 * Why the expected state may change: an open incident of its kind is found by itself, else a maintenance ticket is needed.
 * `reviewed` is the digest of what the approver has looked at; null: what was observed last, whatever it is.
 */
export interface Cause {
  reason: string;
  ticket: string | null;
  reviewed: string | null;
}

export type Approved =
  | { ok: true; version: number }
  | {
      ok: false;
      code:
        | 'node_not_found'
        | 'baseline_not_found'
        | 'no_evidence'
        | 'observation_changed'
        | 'approval_unjustified'
        | 'pcr_not_referenced'
        | 'file_unreadable'
        | 'observation_too_large'
        | 'observation_malformed'
        | 'signed_version_invalid';
    }
  | Reused;

type Facts = { ok: false; code: 'approval_unjustified' } | { ok: true; incident_id: string | null };

/** The oldest unresolved incident of the class that the instance or its default workspace holds. */
async function justify(tx: Tx, cls: IncidentClass, { ticket }: Pick<Cause, 'ticket'>): Promise<Facts> {
  const row = await one<{ id: string }>(
    tx,
    `SELECT id FROM incidents WHERE workspace_id IN ('system', 'default') AND class = $1 AND state <> 'resolved'
      AND (require_ack OR require_reattest) ORDER BY created_at LIMIT 1`,
    [cls],
  );
  if (row === undefined && ticket === null) return { ok: false, code: 'approval_unjustified' };
  return { ok: true, incident_id: row?.id ?? null };
}

/** The version in force; null when there is none, and a refusal when it is not what the instance signed. */
async function inForce<T>(current: Promise<T | null>): Promise<T | null | 'invalid'> {
  try {
    return await current;
  } catch (error) {
    if (error instanceof DsseError) return 'invalid';
    throw error;
  }
}

/**
 * Makes the value last quoted for a PCR the expected one, as a new signed version. Only evidence that is authentic in all
 * but its PCR values can be approved: anything else would let a forged quote become the reference.
 */
export async function approvePcr(
  db: Database,
  by: Caller,
  asked: { node: string; pcr: number; key: DecisionKey } & Cause,
  context: AttestationContext,
  signer: Signer,
): Promise<Approved> {
  const once = { workspace_id: INSTANCE, aggregate: `node/${asked.node}`, kind: 'approve_reference', key: asked.key };
  return decideOnce<Approved>(db, by, once, async (tx, now) => {
    const node = await one<{ state: string }>(
      tx,
      'SELECT state FROM attestation_nodes WHERE workspace_id = $1 AND node = $2 FOR UPDATE',
      [INSTANCE, asked.node],
    );
    if (node?.state !== 'enrolled') return { ok: false, code: 'node_not_found' };
    const facts = await justify(tx, 'attestation_failure', asked);
    if (!facts.ok) return facts;
    const current = await inForce(currentReference(tx, asked.node, context.keys));
    if (current === null) return { ok: false, code: 'node_not_found' };
    if (current === 'invalid') return { ok: false, code: 'signed_version_invalid' };
    if (!Object.hasOwn(current.pcrs, String(asked.pcr))) return { ok: false, code: 'pcr_not_referenced' };
    const quoted = await authenticQuote(tx, asked.node);
    const digest = quoted.find((p) => p.index === asked.pcr)?.digest;
    if (digest === undefined) return { ok: false, code: 'no_evidence' };
    const observed_digest = quotedDigest(asked.node, quoted, sha256);
    if (isAnother(asked.reviewed, observed_digest)) return { ok: false, code: 'observation_changed' };
    const { incident_id } = facts;
    const next = approveReference(current, {
      pcr: asked.pcr,
      digest,
      by: by.on_behalf_of ?? by.actor,
      reason: asked.reason,
      ticket: asked.ticket,
      incident_id,
      now,
    });
    await storeReference(tx, next, signer, by, { observed_digest, reviewed: asked.reviewed !== null });
    return { ok: true, version: next.version };
  });
}

/** What was observed is not what was reviewed: it changed between the two. */
const isAnother = (reviewed: string | null, observed: string): boolean => reviewed !== null && reviewed !== observed;

/** The values last quoted; none when anything but a value was doubted. */
async function authenticQuote(tx: Tx, node: string) {
  const last = await lastResult(tx, node);
  const doubted = last?.failed.some((c) => !/^pcr_\d+$/.test(c.claim)) ?? true;
  return doubted ? [] : (last?.pcrs ?? []);
}

const observedSchema = z.array(fileRecordSchema).min(1).max(10_000);
/** What an attester says of files that it could not observe. */
const refusedSchema = z.strictObject({ refused: z.enum(['file_unreadable', 'observation_too_large']) });

/** Makes the observed files the expected ones, as a new signed version of the baseline. `observed` may have any shape. */
export async function approveFiles(
  db: Database,
  by: Caller,
  asked: { baseline: string; observed: unknown; key: DecisionKey } & Cause,
  context: AttestationContext,
  signer: Signer,
): Promise<Approved> {
  const aggregate = `baseline/${asked.baseline}`;
  const once = { workspace_id: INSTANCE, aggregate, kind: 'approve_baseline', key: asked.key };
  return decideOnce<Approved>(db, by, once, async (tx, now) => {
    await tx.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`baseline:${asked.baseline}`]);
    const current = await inForce(currentBaseline(tx, asked.baseline, context.keys));
    if (current === null) return { ok: false, code: 'baseline_not_found' };
    if (current === 'invalid') return { ok: false, code: 'signed_version_invalid' };
    const facts = await justify(tx, 'integrity_violation', asked);
    if (!facts.ok) return facts;
    const unobservable = refusedSchema.safeParse(asked.observed);
    if (unobservable.success) return { ok: false, code: unobservable.data.refused };
    const observed = observedSchema.safeParse(asked.observed);
    if (!observed.success) return { ok: false, code: 'observation_malformed' };
    const observed_digest = observedDigest(asked.baseline, observed.data, sha256);
    if (isAnother(asked.reviewed, observed_digest)) return { ok: false, code: 'observation_changed' };
    const { incident_id } = facts;
    const approval = { by: by.on_behalf_of ?? by.actor, reason: asked.reason, ticket: asked.ticket, incident_id, now };
    const next = approveBaseline(current, { ...approval, observed: observed.data });
    await storeBaseline(tx, next, signer, by, { observed_digest, reviewed: asked.reviewed !== null });
    return { ok: true, version: next.version };
  });
}
