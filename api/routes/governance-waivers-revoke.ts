import { revokeWaiver } from '../../db/command/revoke-waiver.ts';
import { findWaiver, lineOf } from '../../db/read/waivers.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { REASON, readFields } from '../fields.ts';
import { waiverId, waiverView } from '../governance-request.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { decisionKey } from '../decision-key.ts';

/** Anybody's waiver, by whoever may: revoking only closes. */
async function handler(call: Call, { db, receiptSigner }: ApiDeps): Promise<Reply> {
  const { req, caller } = call;
  const waiver_id = waiverId(call);
  const { reason } = readFields(await readJson(req), { required: { reason: REASON }, optional: {} });
  const key = decisionKey(req, { kind: 'revoke', waiver_id, reason });
  const revoked = await revokeWaiver(db, caller, { waiver_id, reason: reason.trim(), signer: receiptSigner(), key });
  if (!revoked.ok) return refuseWith(revoked.code);
  const [waiver, line] = await Promise.all([
    findWaiver(db, caller.workspace_id, waiver_id),
    lineOf(db, caller.workspace_id, waiver_id, 'revoked'),
  ]);
  if (waiver === undefined || line === undefined) throw new Error('a waiver that was just revoked is not there');
  return ok({ ...waiverView(waiver), line });
}

export const route: Route = {
  method: 'POST',
  path: '/v1/governance/waivers/:id/revoke',
  action: 'waiver.revoke',
  handler,
};
