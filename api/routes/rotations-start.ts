import { randomUUID } from 'node:crypto';
import { requestDigest } from '../../db/command/decisions.ts';
import { requestRotation } from '../../db/command/request-rotation.ts';
import { getRotation } from '../../db/read/rotations.ts';
import { isOfTheInstance, isRotationRow } from '../../domain/rotation/plan.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { REASON, readFields, TICKET } from '../fields.ts';
import { idempotencyKey } from '../idempotency-key.ts';
import { refuseWith, requireInstance } from '../instance.ts';
import type { Reply } from '../reply.ts';
import { rotationView } from '../rotation-view.ts';
import type { Call, Route } from '../route.ts';

/** Seconds that the old and the new may both work, at most. */
export const LONGEST_OVERLAP = 90 * 24 * 3600;

const flagProblem = (value: unknown): string | null =>
  value === undefined || typeof value === 'boolean' ? null : 'invalid_type';

function overlapProblem(value: unknown): string | null {
  if (value === undefined) return null;
  if (!Number.isInteger(value)) return 'invalid_type';
  return Number(value) >= 0 && Number(value) <= LONGEST_OVERLAP ? null : 'invalid_value';
}

const rowProblem = (value: unknown): string | null => {
  if (value === undefined) return 'required';
  return isRotationRow(value) ? null : 'invalid_value';
};

const RULES = {
  required: { reason: REASON },
  optional: { subject: { max: 256 }, ticket: TICKET },
  values: { row: rowProblem, overlap_seconds: overlapProblem, compromised: flagProblem, dry_run: flagProblem },
};

async function handler({ req, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const given = readFields(await readJson(req), RULES);
  const { row, subject = '', overlap_seconds = 0, compromised = false, dry_run = false, reason, ticket } = given;
  if (!isRotationRow(row)) throw new Error('a row that was checked is none');
  if (isOfTheInstance(row)) requireInstance(caller);
  const asked = {
    row,
    subject,
    overlap_seconds: Number(overlap_seconds),
    compromised: compromised === true,
    dry_run: dry_run === true,
    reason: reason.trim(),
    ticket: ticket ?? null,
  };
  const key = {
    decision_id: idempotencyKey(req) ?? randomUUID(),
    request_digest: requestDigest({ kind: 'rotate', ...asked }),
  };
  const requested = await requestRotation(db, caller, { ...asked, key });
  if (!requested.ok) return refuseWith(requested.code);
  const record = await getRotation(db, caller.workspace_id, requested.rotation_id);
  if (record === undefined) throw new Error('a rotation that was just opened is not there');
  return { status: 202, body: rotationView(record), headers: { Location: `/v1/rotations/${record.rotation_id}` } };
}

export const route: Route = { method: 'POST', path: '/v1/rotations', action: 'rotation.start', handler };
