import { grantWaiver } from '../../db/command/grant-waiver.ts';
import { findWaiver, lineOf } from '../../db/read/waivers.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { waiverView } from '../governance-request.ts';
import { decisionKey } from '../decision-key.ts';
import { refuseWith } from '../instance.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const RULES = {
  required: {},
  optional: {},
  values: { envelope: (value: unknown) => (value === undefined ? 'required' : null) },
};

/** The answer is the waiver with its line of the ledger; the same envelope again is answered with the same. */
async function handler({ req, caller }: Call, { db, receiptSigner }: ApiDeps): Promise<Reply> {
  const { envelope } = readFields(await readJson(req), RULES);
  const key = decisionKey(req, { kind: 'waive', envelope });
  const granted = await grantWaiver(db, caller, { envelope, signer: receiptSigner(), key });
  if (!granted.ok) return refuseWith(granted.code);
  const { workspace_id } = caller;
  const [waiver, line] = await Promise.all([
    findWaiver(db, workspace_id, granted.waiver_id),
    lineOf(db, workspace_id, granted.waiver_id, 'waived'),
  ]);
  if (waiver === undefined || line === undefined) throw new Error('a waiver that was just granted is not there');
  return { status: granted.created ? 201 : 200, body: { ...waiverView(waiver), line } };
}

export const route: Route = { method: 'POST', path: '/v1/governance/waivers', action: 'waiver.grant', handler };
