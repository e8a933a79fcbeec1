import { judgeReply } from '../../domain/adapter/state.ts';
import type { AdapterState, AdapterTarget, SendError, SendOutcome } from '../../domain/adapter/state.ts';
import { EgressError } from '../egress/egress-error.ts';
import { post } from '../egress/post.ts';
import type { PostReply } from '../egress/post.ts';
import type { AdapterEgressActivities, AdapterLook, AdapterRecordActivities, AdapterRef } from './types.ts';
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
  /** The signing keys behind references, zeroed by whoever asked; null when one of them is not there. */
  keys(of: AdapterRef, refs: readonly string[]): Promise<Buffer[] | null>;
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
      const keys = await port.keys(of, sending.secret_refs);
      const outcome = await send(sending, keys, sending.state, (reply) => judgeReply(reply, generation));
      await port.answered({ ...of, gate, target, sending: sending.sending, outcome });
    },
    tryAdapter: async ({ trial, ...of }) => {
      const dispatch = await port.beginTrial(of, trial);
      if (dispatch === null) return;
      const keys = await port.keys(of, dispatch.secret_refs);
      await port.tried(of, trial, await send(dispatch, keys, { test: true }, judgeTrial));
    },
  };
}

/** A trial asks for no generation: whoever takes the signature answers 2xx. */
const judgeTrial = ({ status }: PostReply): SendError | null =>
  status >= 200 && status < 300 ? null : status >= 300 && status < 400 ? 'redirected' : 'refused';

async function send(
  { message_id, url, internal }: Dispatch,
  keys: Buffer[] | null,
  content: object,
  judge: (reply: PostReply) => SendError | null,
): Promise<SendOutcome> {
  if (keys === null) return { ok: false, code: 'secret_unavailable' };
  try {
    const body = JSON.stringify(content);
    const headers = signedHeaders(message_id, Date.now(), body, keys);
    for (const key of keys) key.fill(0);
    const reply = await post({ url, headers, body, internal, timeoutMs: ANSWERS_WITHIN_MS });
    const code = judge(reply);
    return code === null ? { ok: true, latency_ms: reply.latency_ms } : { ok: false, code };
  } catch (error) {
    if (error instanceof EgressError) return { ok: false, code: error.code };
    throw error;
  }
}
