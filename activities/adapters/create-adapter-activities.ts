import { judgeReply } from '../../domain/adapter/state.ts';
import type { AdapterReply, AdapterState, AdapterTarget, SendOutcome } from '../../domain/adapter/state.ts';
import type { AdapterEgressActivities, AdapterLook, AdapterRecordActivities, AdapterRef } from './types.ts';
import { ANSWERS_WITHIN_MS, judgeTrial, outcomeOf, sendSigned, TRIAL } from './send-signed.ts';
import type { Exchanged, Judge } from './send-signed.ts';

/** Where to send, and signed by what. */
export interface Dispatch {
  message_id: string;
  /** Null: it is a child of ours. */
  url: string | null;
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
  askChild: AskChild;
  /** Takes what went out and came back, to be captured while a window is open; returns at once. */
  exchanged(of: AdapterRef, exchange: AdapterExchange): void;
}

/** Without headers: the signature is made with the adapter's secret. `reply` is null where `failure` came instead. */
export interface AdapterExchange {
  url: string;
  request: object;
  reply: AdapterReply | null;
  failure: string | null;
}

/** Has a child of this process answer a message within a time. */
export type AskChild = (
  of: AdapterRef,
  message_id: string,
  content: object,
  withinMs: number,
) => Promise<
  { kind: 'answer'; body: string } | { kind: 'none'; code: 'child_not_running' | 'timeout' | 'unreachable' }
>;

/** The activities of `adapterSync`. What an adapter does wrong is an outcome on the record, never a failure. */
export function createAdapterActivities(port: AdapterPort): AdapterRecordActivities & AdapterEgressActivities {
  /** A child of ours needs no signature: nobody else holds the other end of its pipes. */
  async function send(of: AdapterRef, dispatch: Dispatch, content: object, judge: Judge): Promise<SendOutcome> {
    const { url, message_id, secret_refs } = dispatch;
    if (url !== null) {
      const exchanged: Exchanged = (reply, failure) => port.exchanged(of, { url, request: content, reply, failure });
      return sendSigned({ ...dispatch, url }, await port.keys(of, secret_refs), content, judge, exchanged);
    }
    const start = performance.now();
    const answer = await port.askChild(of, message_id, content, ANSWERS_WITHIN_MS);
    if (answer.kind === 'none') return { ok: false, code: answer.code };
    return outcomeOf(judge({ status: 200, body: answer.body }), Math.round(performance.now() - start));
  }

  return {
    lookAfterAdapter: ({ limit, sweep, ...of }) => port.look(of, { limit, sweep }),
    tellAdapter: async ({ gate, target, ...of }) => {
      const sending = await port.begin(of, { gate, target });
      if (sending === null) return;
      const { generation } = sending.state;
      const outcome = await send(of, sending, sending.state, (reply) => judgeReply(reply, generation));
      await port.answered({ ...of, gate, target, sending: sending.sending, outcome });
    },
    tryAdapter: async ({ trial, ...of }) => {
      const dispatch = await port.beginTrial(of, trial);
      if (dispatch === null) return;
      await port.tried(of, trial, await send(of, dispatch, TRIAL, judgeTrial));
    },
  };
}
