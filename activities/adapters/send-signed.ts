import type { AdapterReply, SendError, SendOutcome } from '../../domain/adapter/state.ts';
import { EgressError } from '../egress/egress-error.ts';
import { post as postTo } from '../egress/post.ts';
import { signedHeaders } from './sign.ts';

/** Where to send. */
export interface SignedDispatch {
  message_id: string;
  url: string;
  internal: boolean;
}

/** An adapter answers within this or has not answered. */
export const ANSWERS_WITHIN_MS = 5_000;

/** What a trial request says. */
export const TRIAL = { test: true };

/** A trial asks for no generation: whoever takes the signature answers 2xx. */
export const judgeTrial = ({ status }: AdapterReply): SendError | null =>
  status >= 200 && status < 300 ? null : status >= 300 && status < 400 ? 'redirected' : 'refused';

export type Judge = (reply: AdapterReply) => SendError | null;

/** Hears what came of a request: the reply, or the code of why there was none. */
export type Exchanged = (reply: AdapterReply | null, failure: string | null) => void;

/** Sends a message, signed by every key; the keys are zeroed. What the adapter does wrong is an outcome. */
export async function sendSigned(
  { message_id, url, internal }: SignedDispatch,
  keys: Buffer[] | null,
  content: object,
  judge: Judge,
  exchanged: Exchanged = () => undefined,
): Promise<SendOutcome> {
  if (keys === null) return { ok: false, code: 'secret_unavailable' };
  try {
    const body = JSON.stringify(content);
    const headers = signedHeaders(message_id, Date.now(), body, keys);
    for (const key of keys) key.fill(0);
    const reply = await postTo({ url, headers, body, internal, timeoutMs: ANSWERS_WITHIN_MS });
    const code = judge(reply);
    exchanged(reply, code);
    return outcomeOf(code, reply.latency_ms);
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    exchanged(null, error.code);
    return { ok: false, code: error.code };
  }
}

export const outcomeOf = (code: SendError | null, latency_ms: number): SendOutcome =>
  code === null ? { ok: true, latency_ms } : { ok: false, code };
