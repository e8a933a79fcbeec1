import { judgeStatus } from '../../domain/hook/delivery.ts';
import type { DeliveryLook, DeliveryOutcome } from '../../domain/hook/delivery.ts';
import { signedHeaders } from '../adapters/sign.ts';
import { EgressError } from '../egress/egress-error.ts';
import { post } from '../egress/post.ts';
import type { DeliveryEgressActivities, DeliveryRecordActivities, DeliveryRef } from './types.ts';

/** Where to send what, signed by what. */
export interface Outgoing {
  attempt: number;
  url: string;
  internal: boolean;
  secret_refs: string[];
  body: string;
}

/** The record's commands about deliveries: what the worker hands in. */
export interface DeliveryPort {
  look(of: DeliveryRef): Promise<DeliveryLook>;
  begin(of: DeliveryRef): Promise<Outgoing | null>;
  settled(of: DeliveryRef, attempt: number, outcome: DeliveryOutcome): Promise<void>;
  /** The signing keys behind references, zeroed by whoever asked; null when one of them is not there. */
  keys(of: DeliveryRef, refs: readonly string[]): Promise<Buffer[] | null>;
}

/** A hook answers within this or has not answered. */
const ANSWERS_WITHIN_MS = 5_000;

/** The activities of `delivery`. What a receiver does wrong is an outcome on the record, never a failure. */
export function createDeliveryActivities(port: DeliveryPort): DeliveryRecordActivities & DeliveryEgressActivities {
  return {
    lookAfterDelivery: (of) => port.look(of),
    sendDelivery: async (of) => {
      const outgoing = await port.begin(of);
      if (outgoing === null) return;
      const keys = await port.keys(of, outgoing.secret_refs);
      await port.settled(of, outgoing.attempt, await send(of, outgoing, keys));
    },
  };
}

/** The id is the delivery's at every attempt, so that a receiver knows a repeat. */
async function send(
  { delivery_id }: DeliveryRef,
  { url, internal, body }: Outgoing,
  keys: Buffer[] | null,
): Promise<DeliveryOutcome> {
  if (keys === null) return { ok: false, code: 'secret_unavailable' };
  try {
    const headers = signedHeaders(delivery_id, Date.now(), body, keys);
    for (const key of keys) key.fill(0);
    return judgeStatus((await post({ url, headers, body, internal, timeoutMs: ANSWERS_WITHIN_MS })).status);
  } catch (error) {
    if (error instanceof EgressError) return { ok: false, code: error.code };
    throw error;
  }
}
