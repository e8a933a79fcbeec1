import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { requestDigest } from '../db/command/decisions.ts';
import type { DecisionKey } from '../db/command/decisions.ts';
import { idempotencyKey } from './idempotency-key.ts';

/** The key of a decision whose request holds nothing secret: the client's, or one that nobody repeats. */
export const decisionKey = (req: IncomingMessage, request: unknown): DecisionKey => ({
  decision_id: idempotencyKey(req) ?? randomUUID(),
  request_digest: requestDigest(request),
});
