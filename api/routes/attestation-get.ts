import { attestationNodes } from '../../db/read/attestation-nodes.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { attestationReport } from '../state-ports.ts';

async function handler(_call: Call, { db, watchIntervalMs }: ApiDeps): Promise<Reply> {
  const [{ state, simulated, open_incidents, time }, nodes] = await Promise.all([
    attestationReport(db, watchIntervalMs),
    attestationNodes(db),
  ]);
  return ok({ state, simulated, open_incidents, nodes, time });
}

export const route: Route = { method: 'GET', path: '/v1/attestation', action: 'status.read', handler };
