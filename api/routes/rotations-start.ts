import { requestRotation } from '../../db/command/request-rotation.ts';
import { getRotation } from '../../db/read/rotations.ts';
import { readJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { REASON, readFields, TICKET } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import type { Reply } from '../reply.ts';
import { overlapProblem, permittedRow, rowProblem } from '../rotation-request.ts';
import { rotationView } from '../rotation-view.ts';
import type { Call, Route } from '../route.ts';

const flagProblem = (value: unknown): string | null =>
  value === undefined || typeof value === 'boolean' ? null : 'invalid_type';

const RULES = {
  required: { reason: REASON },
  optional: { subject: { max: 256 }, ticket: TICKET },
  values: { row: rowProblem, overlap_seconds: overlapProblem, compromised: flagProblem, dry_run: flagProblem },
};

async function handler({ req, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const given = readFields(await readJson(req), RULES);
  const { subject = '', overlap_seconds = 0, compromised = false, dry_run = false, reason, ticket } = given;
  const row = permittedRow(given.row, caller);
  const asked = {
    row,
    subject,
    overlap_seconds: Number(overlap_seconds),
    compromised: compromised === true,
    dry_run: dry_run === true,
    reason: reason.trim(),
    ticket: ticket ?? null,
  };
  const key = decisionKey(req, { kind: 'rotate', ...asked });
  const requested = await requestRotation(db, caller, { ...asked, key });
  if (!requested.ok) return refuseWith(requested.code);
  const record = await getRotation(db, caller.workspace_id, requested.rotation_id);
  if (record === undefined) throw new Error('a rotation that was just opened is not there');
  return { status: 202, body: rotationView(record), headers: { Location: `/v1/rotations/${record.rotation_id}` } };
}

export const route: Route = { method: 'POST', path: '/v1/rotations', action: 'rotation.start', handler };
