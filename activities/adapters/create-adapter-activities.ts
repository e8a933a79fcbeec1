import { judgeReply } from '../../domain/adapter/state.ts';
import type { AdapterState, AdapterTarget, SendError, SendOutcome } from '../../domain/adapter/state.ts';
import type { SlotRef } from '../../domain/secret/secret-ref.ts';
import { EgressError } from '../egress/egress-error.ts';
import { post } from '../egress/post.ts';
import type { PostReply } from '../egress/post.ts';
import type { AdapterEgressActivities, AdapterLook, AdapterRecordActivities, AdapterRef } from './types.ts';
import { readSecrets, SecretError } from './read-secret.ts';
import type { ReadSlot } from './read-secret.ts';
import { signedHeaders } from './sign.ts';

/** Where to send, and signed by what. */
export interface Dispatch {
  message_id: string;
  url: string;
  internal: boolean;
  secret_refs: string[];
}

/** The record's commands about adapters: what the worker hands in. */
export interface AdapterPort {
  look(of: AdapterRef, how: { limit: number; sweep: boolean }): Promise<AdapterLook>;
  begin(of: AdapterRef, what: AdapterTarget): Promise<(Dispatch & { sending: number; state: AdapterState }) | null>;
  answered(answer: AdapterRef & AdapterTarget & { sending: number; outcome: SendOutcome }): Promise<unknown>;
  beginTrial(of: AdapterRef, trial: string): Promise<Dispatch | null>;
  tried(of: AdapterRef, trial: string, outcome: SendOutcome): Promise<void>;
  /** The value behind a `slot:` reference; null when the adapter's workspace has none that opens. Each read is an entry. */
  readSlot(of: AdapterRef, ref: SlotRef): Promise<Buffer | null>;
  /** Takes what went out and came back, to be captured while a window is open; returns at once. */
  exchanged(of: AdapterRef, exchange: AdapterExchange): void;
}

/** Without headers: the signature is made with the adapter's secret. `reply` is null where `failure` came instead. */
export interface AdapterExchange {
  url: string;
  request: object;
  reply: PostReply | null;
  failure: string | null;
}

/** An adapter answers within this or has not answered. */
const ANSWERS_WITHIN_MS = 5_000;

/** The activities of `adapterSync`. What an adapter does wrong is an outcome on the record, never a failure. */
export function createAdapterActivities(port: AdapterPort): AdapterRecordActivities & AdapterEgressActivities {
  return {
    lookAfterAdapter: ({ limit, sweep, ...of }) => port.look(of, { limit, sweep }),
    tellAdapter: async ({ gate, target, ...of }) => {
      const sending = await port.begin(of, { gate, target });
      if (sending === null) return;
      const { generation } = sending.state;
      const outcome = await send(port, of, sending, sending.state, (reply) => judgeReply(reply, generation));
      await port.answered({ ...of, gate, target, sending: sending.sending, outcome });
    },
    tryAdapter: async ({ trial, ...of }) => {
      const dispatch = await port.beginTrial(of, trial);
      if (dispatch === null) return;
      await port.tried(of, trial, await send(port, of, dispatch, { test: true }, judgeTrial));
    },
  };
}

/** A trial asks for no generation: whoever takes the signature answers 2xx. */
const judgeTrial = ({ status }: PostReply): SendError | null =>
  status >= 200 && status < 300 ? null : status >= 300 && status < 400 ? 'redirected' : 'refused';

async function send(
  port: AdapterPort,
  of: AdapterRef,
  { message_id, url, internal, secret_refs }: Dispatch,
  content: object,
  judge: (reply: PostReply) => SendError | null,
): Promise<SendOutcome> {
  try {
    const body = JSON.stringify(content);
    const readSlot: ReadSlot = (ref) => port.readSlot(of, ref);
    const keys = await readSecrets(secret_refs, readSlot);
    const headers = signedHeaders(message_id, Date.now(), body, keys);
    for (const key of keys) key.fill(0);
    const reply = await post({ url, headers, body, internal, timeoutMs: ANSWERS_WITHIN_MS });
    const code = judge(reply);
    port.exchanged(of, { url, request: content, reply, failure: code });
    return code === null ? { ok: true, latency_ms: reply.latency_ms } : { ok: false, code };
  } catch (error) {
    if (!(error instanceof EgressError || error instanceof SecretError)) throw error;
    port.exchanged(of, { url, request: content, reply: null, failure: error.code });
    return { ok: false, code: error.code };
  }
}
