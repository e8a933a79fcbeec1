import { defaultPayloadConverter } from '@temporalio/common';
import type { Payload, PayloadCodec } from '@temporalio/common';
import type { SerializationContext } from '@temporalio/common';
import { UNREADABLE } from '../domain/process/unreadable.ts';

/** Whoever sent it is not asked again: each replay of the task finds it once more. */
export type Unread = (what: { workflow_id: string | undefined; reason: string }) => void;

/**
 * For the worker of workflows: what others send to a running workflow, sealed by another key or no JSON at all, must not keep
 * it from going on. Such a payload of a signal or an update becomes UNREADABLE, which every handler refuses as malformed.
 * What comes back from activities fails as before, and so does whatever has no context; a workflow whose own input became
 * UNREADABLE does not run (workflows/refuse-unreadable.ts).
 */
export class TolerantCodec implements PayloadCodec {
  readonly #inner: readonly PayloadCodec[];
  readonly #unread: Unread;

  constructor(inner: readonly PayloadCodec[], unread: Unread) {
    this.#inner = inner;
    this.#unread = unread;
  }

  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    let sealed = payloads;
    for (const codec of this.#inner) sealed = await codec.encode(sealed, context);
    return sealed;
  }

  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    if (context?.type !== 'workflow') return this.#open(payloads, context);
    return Promise.all(payloads.map((payload) => this.#openOrStandIn(payload, context)));
  }

  async #open(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    let opened = payloads;
    for (const codec of this.#inner.toReversed()) opened = await codec.decode(opened, context);
    return opened;
  }

  async #openOrStandIn(payload: Payload, context: SerializationContext): Promise<Payload> {
    try {
      const [opened] = await this.#open([payload], context);
      if (opened === undefined) throw new Error('nothing in it');
      defaultPayloadConverter.fromPayload(opened);
      return opened;
    } catch (error) {
      // A parser's message has some of what it read.
      const reason = error instanceof Error ? error.name : 'unknown';
      this.#unread({ workflow_id: context.workflowId, reason });
      return defaultPayloadConverter.toPayload(UNREADABLE);
    }
  }
}
