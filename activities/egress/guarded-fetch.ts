import { Agent, fetch as undiciFetch } from 'undici';
import { checkedAddress } from './checked-address.ts';
import type { Resolve } from './checked-address.ts';
import { EgressError } from './egress-error.ts';
import { always, failureOf, withinTime } from './post.ts';

export interface EgressOptions {
  /** The receiver is one of our own: private and loopback addresses are where it lives. */
  internal: boolean;
  /** For each request with its answer. */
  timeoutMs: number;
  /** Bytes of one answer; a longer one is cut off with reply_too_large. */
  longest?: number;
  resolve?: Resolve;
}

export type Fetch = typeof globalThis.fetch;

export interface GuardedFetch {
  fetch: Fetch;
  /** Cuts every connection. */
  close: () => Promise<void>;
}

const LONGEST = 1024 * 1024;

/**
 * `fetch` for libraries that want one: each request goes to an address that was checked for it, and to no other. A redirect is
 * an answer and is not followed. Rejects with EgressError.
 */
export function guardedFetch({ internal, timeoutMs, longest = LONGEST, resolve }: EgressOptions): GuardedFetch {
  const agents = new Set<Agent>();

  async function guarded(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input);
    const late = AbortSignal.timeout(timeoutMs);
    const signal = init.signal ? AbortSignal.any([late, init.signal]) : late;
    const address = await withinTime(checkedAddress(url.hostname, internal, resolve), signal);
    const agent = new Agent({ connect: { lookup: always(address), timeout: timeoutMs }, pipelining: 0 });
    agents.add(agent);
    try {
      const reply = await undiciFetch(url, {
        ...(init as unknown as Parameters<typeof undiciFetch>[1]),
        redirect: 'manual',
        signal,
        dispatcher: agent,
      });
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- undici's Response is read as one
      return bounded(reply, longest);
    } catch (error) {
      throw failureOf(error, signal);
    }
  }

  return {
    fetch: guarded,
    close: async () => {
      await Promise.all([...agents].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}

/** The same answer with a body that ends in an error when it grows too long. */
function bounded(reply: Response, longest: number): Response {
  if (reply.body === null) return reply;
  let size = 0;
  const count = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength;
      if (size > longest) controller.error(new EgressError('reply_too_large'));
      else controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = reply;
  const body = reply.body.pipeThrough(count);
  const copy = new Response(body, { status, statusText, headers: [...headers] });
  Object.defineProperty(copy, 'url', { value: reply.url });
  return copy;
}
