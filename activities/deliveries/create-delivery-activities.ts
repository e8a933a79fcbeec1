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
  /** The name that operators know it by. */
  hook: string;
}

/** The record's commands about deliveries: what the worker hands in. */
export interface DeliveryPort {
  look(of: DeliveryRef): Promise<DeliveryLook>;
  begin(of: DeliveryRef): Promise<Outgoing | null>;
  settled(of: DeliveryRef, attempt: number, outcome: DeliveryOutcome): Promise<void>;
  /** The signing keys behind references, zeroed by whoever asked; null when one of them is not there. */
  keys(of: DeliveryRef, refs: readonly string[]): Promise<Buffer[] | null>;
  /** Takes what went out and came back, to be captured while a window is open; returns at once. */
  exchanged(of: DeliveryRef, exchange: DeliveryExchange): void;
}

/** Without headers, which have the signature. `reply` is null where `failure` came instead. */
export interface DeliveryExchange {
  hook: string;
  url: string;
  request: string;
  reply: { status: number; body: string } | null;
  failure: string | null;
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
      const exchanged: Exchanged = (reply, failure) =>
        port.exchanged(of, { hook: outgoing.hook, url: outgoing.url, request: outgoing.body, reply, failure });
      await port.settled(of, outgoing.attempt, await send(of, outgoing, keys, exchanged));
    },
  };
}

type Exchanged = (reply: DeliveryExchange['reply'], failure: string | null) => void;

/** The id is the delivery's at every attempt, so that a receiver knows a repeat. */
async function send(
  { delivery_id }: DeliveryRef,
  { url, internal, body }: Outgoing,
  keys: Buffer[] | null,
  exchanged: Exchanged,
): Promise<DeliveryOutcome> {
  if (keys === null) return { ok: false, code: 'secret_unavailable' };
  try {
    const headers = signedHeaders(delivery_id, Date.now(), body, keys);
    for (const key of keys) key.fill(0);
    const reply = await post({ url, headers, body, internal, timeoutMs: ANSWERS_WITHIN_MS });
    const outcome = judgeStatus(reply.status);
    exchanged(reply, outcome.ok ? null : outcome.code);
    return outcome;
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    exchanged(null, error.code);
    return { ok: false, code: error.code };
  }
}
