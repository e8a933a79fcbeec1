import { findWaiver, waiverEnvelope } from '../../db/read/waivers.ts';
import { fromBase64 } from '../../domain/signing/base64.ts';
import type { DsseEnvelope } from '../../domain/signing/dsse.ts';
import { readWaiver } from '../../domain/governance/waiver.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { waiverId, waiverView } from '../governance-request.ts';
import { readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** One waiver with what was signed: its justification, and the envelope it stands in. */
async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  readQuery(call.query, []);
  const { workspace_id } = call.caller;
  const id = waiverId(call);
  const [waiver, text] = await Promise.all([findWaiver(db, workspace_id, id), waiverEnvelope(db, workspace_id, id)]);
  if (waiver === undefined || text === undefined) throw new DomainError('waiver_not_found');
  const envelope = JSON.parse(text) as DsseEnvelope;
  const statement = readWaiver(fromBase64(envelope.payload) ?? new Uint8Array());
  return ok({ ...waiverView(waiver), justification: statement?.justification ?? null, envelope });
}

export const route: Route = { method: 'GET', path: '/v1/governance/waivers/:id', action: 'waiver.read', handler };
