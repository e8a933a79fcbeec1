import { unscheduleRotation } from '../../db/command/schedule-rotation.ts';
import { readJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import { permittedRow, rowProblem } from '../rotation-request.ts';
import type { Call, Route } from '../route.ts';

const RULES = { required: {}, optional: { subject: { max: 256 } }, values: { row: rowProblem } };

async function handler({ req, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { subject = '', ...given } = readFields(await readJson(req), RULES);
  const of = { row: permittedRow(given.row, caller), subject };
  const key = decisionKey(req, { kind: 'unschedule', ...of });
  const ended = await unscheduleRotation(db, caller, { ...of, key });
  return ended.ok ? ok({ status: 'unscheduled' }) : refuseWith(ended.code);
}

export const route: Route = {
  method: 'POST',
  path: '/v1/rotation-schedules/remove',
  action: 'rotation.start',
  handler,
};
