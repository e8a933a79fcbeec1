import { Agent, fetch as undiciFetch } from 'undici';
import { checkedAddress } from './checked-address.ts';
import type { Resolve } from './checked-address.ts';
import { EgressError } from './egress-error.ts';
import { heardText, Listener, SILENCE } from './heard.ts';
import type { Heard } from './heard.ts';
import { always, failureOf, withinTime } from './post.ts';

export interface EgressOptions {
  /** The receiver is one of our own: private and loopback addresses are where it lives. */
  internal: boolean;
  /** For each request with its answer. */
  timeoutMs: number;
  /** Bytes of one answer; a longer one is cut off with reply_too_large. */
  longest?: number;
  resolve?: Resolve;
  /** Hears each request once, when its answer has ended or it failed. */
  hear?: (heard: Heard) => void;
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
export function guardedFetch({ internal, timeoutMs, longest = LONGEST, resolve, hear }: EgressOptions): GuardedFetch {
  const agents = new Set<Agent>();

  async function guarded(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input);
    const late = AbortSignal.timeout(timeoutMs);
    const signal = init.signal ? AbortSignal.any([late, init.signal]) : late;
    const tell = told(url, init, hear);
    try {
      const address = await withinTime(checkedAddress(url.hostname, internal, resolve), signal);
      const agent = new Agent({ connect: { lookup: always(address), timeout: timeoutMs }, pipelining: 0 });
      agents.add(agent);
      const reply = await undiciFetch(url, {
        ...(init as unknown as Parameters<typeof undiciFetch>[1]),
        redirect: 'manual',
        signal,
        dispatcher: agent,
      });
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- undici's Response is read as one
      return bounded(reply, longest, tell);
    } catch (error) {
      const failure = failureOf(error, signal);
      tell?.({ status: null, failure: failure.code, response: SILENCE });
      throw failure;
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

type Tell = (came: Pick<Heard, 'status' | 'failure' | 'response'>) => void;

/** Tells once: the end of a body may come in more than one way. */
function told(
  { origin, pathname }: URL,
  { method = 'GET', body }: RequestInit,
  hear: EgressOptions['hear'],
): Tell | undefined {
  if (hear === undefined) return undefined;
  let over = false;
  return (came) => {
    if (over) return;
    over = true;
    const request =
      typeof body === 'string' ? heardText(body) : body == null ? SILENCE : { ...SILENCE, withheld: true };
    hear({ method, url: origin + pathname, request, ...came });
  };
}

/** The same answer with a body that ends in an error when it grows too long. */
function bounded(reply: Response, longest: number, tell?: Tell): Response {
  const { status, statusText, headers } = reply;
  if (reply.body === null) {
    tell?.({ status, failure: null, response: SILENCE });
    return reply;
  }
  let size = 0;
  const listener = tell === undefined ? undefined : new Listener();
  const ended = (failure: string | null = null): void =>
    tell?.({ status, failure, response: listener?.body() ?? SILENCE });
  const count = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength;
      listener?.add(chunk);
      if (size <= longest) controller.enqueue(chunk);
      else {
        ended('reply_too_large');
        controller.error(new EgressError('reply_too_large'));
      }
    },
    flush: () => ended(),
    // Whoever asked has heard enough, or the connection was cut.
    cancel: () => ended(),
  });
  const body = reply.body.pipeThrough(count);
  const copy = new Response(body, { status, statusText, headers: [...headers] });
  Object.defineProperty(copy, 'url', { value: reply.url });
  return copy;
}
