import { scheduleRotation } from '../../db/command/schedule-rotation.ts';
import { readJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import { overlapProblem, periodProblem, permittedRow, rowProblem } from '../rotation-request.ts';
import { scheduleView } from '../rotation-view.ts';
import type { Call, Route } from '../route.ts';

const RULES = {
  required: {},
  optional: { subject: { max: 256 } },
  values: { row: rowProblem, every_days: periodProblem, overlap_seconds: overlapProblem },
};

async function handler({ req, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { subject = '', every_days, overlap_seconds = 0, ...given } = readFields(await readJson(req), RULES);
  const row = permittedRow(given.row, caller);
  const asked = { row, subject, every_days: Number(every_days), overlap_seconds: Number(overlap_seconds) };
  const key = decisionKey(req, { kind: 'schedule', ...asked });
  const scheduled = await scheduleRotation(db, caller, { ...asked, key });
  return scheduled.ok ? ok(scheduleView(scheduled.schedule)) : refuseWith(scheduled.code);
}

export const route: Route = { method: 'POST', path: '/v1/rotation-schedules', action: 'rotation.start', handler };
