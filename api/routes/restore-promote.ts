import { setTimeout as sleep } from 'node:timers/promises';
import { promoteRecord } from '../../db/command/promote.ts';
import { currentLog } from '../../db/command/sequence-entries.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { REASON, readFields } from '../fields.ts';
import { refuseWith, requireInstance } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { secondPersonRequired, twoPersonRequest } from '../two-person-request.ts';

const RULES = { required: { origin: { max: 256 }, reason: REASON }, optional: { confirm: { max: 256 } } };

/** The worker that holds the keys looks every second. */
const TRIES = 50;
const TRY_EVERY_MS = 100;

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  requireInstance(call.caller);
  const { origin: object, reason, confirm } = readFields(await readJson(call.req), RULES);
  const promoted = await promoteRecord(db, call.caller, twoPersonRequest(call, 'promote', { object, reason, confirm }));
  if (!promoted.ok)
    return promoted.code === 'second_person_required' ? secondPersonRequired : refuseWith(promoted.code);
  const { promoted_by, single_operator } = promoted;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const log = await currentLog(db);
    if (log !== undefined && log.origin !== object)
      return ok({ status: 'promoted', promoted_by, single_operator, origin: log.origin, epoch: log.epoch });
    await sleep(TRY_EVERY_MS);
  }
  return ok({ status: 'granted', promoted_by, single_operator });
}

export const route: Route = { method: 'POST', path: '/v1/restore/promote', action: 'restore.promote', handler };
