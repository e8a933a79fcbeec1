import { countLive, leaseView, listLeases, subjectRevocation } from '../../db/read/leases.ts';
import { encodeCursor, leasePosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { subjectName } from '../secret-request.ts';

/** A subject with its leases, the one that ends last first. */
async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const subject = subjectName(call);
  const { limit, cursor } = readQuery(call.query, ['limit', 'cursor']);
  const { workspace_id } = call.caller;
  const after = cursor === undefined ? {} : { after: leasePosition(cursor) };
  const [{ items, next }, live, revoked] = await Promise.all([
    listLeases(db, { workspace_id, subject, limit: readLimit(limit), ...after }),
    countLive(db, workspace_id, { subject }),
    subjectRevocation(db, workspace_id, subject),
  ]);
  const path = `/v1/subjects/${encodeURIComponent(subject)}/leases`;
  return ok(
    {
      subject,
      live_leases: live,
      revoked_at: revoked?.epoch_at ?? null,
      revoked_by: revoked?.actor ?? null,
      leases: items.map(leaseView),
    },
    nextLink(path, call.query, next === null ? null : encodeCursor([next.not_after, next.lease_id])),
  );
}

export const route: Route = { method: 'GET', path: '/v1/subjects/:id/leases', action: 'secret.read', handler };
