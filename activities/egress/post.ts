import type { LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import { checkedAddress } from './checked-address.ts';
import type { CheckedAddress, Resolve } from './checked-address.ts';
import { EgressError } from './egress-error.ts';

export interface PostOptions {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** The receiver is one of our own: private and loopback addresses are where it lives. */
  internal: boolean;
  /** For everything together, resolution included. */
  timeoutMs: number;
  resolve?: Resolve;
}

/** An answer to a POST; longer ones are cut off. */
export interface PostReply {
  status: number;
  body: string;
  latency_ms: number;
}

const LONGEST_REPLY = 16 * 1024;

/**
 * Posts to a receiver whose address was checked in this very call, and connects to that address and no other. Redirects
 * are answers like any other: following one would leave the check behind. Errors: EgressError.
 */
export async function post({ url, headers, body, internal, timeoutMs, resolve }: PostOptions): Promise<PostReply> {
  const signal = AbortSignal.timeout(timeoutMs);
  const start = performance.now();
  const address = await withinTime(checkedAddress(new URL(url).hostname, internal, resolve), signal);
  const agent = new Agent({
    connect: { lookup: always(address), timeout: timeoutMs },
    pipelining: 0,
    maxResponseSize: -1,
  });
  try {
    const reply = await request(url, { dispatcher: agent, method: 'POST', headers, body, signal });
    const text = await bounded(reply.body);
    return { status: reply.statusCode, body: text, latency_ms: Math.round(performance.now() - start) };
  } catch (error) {
    throw failureOf(error, signal);
  } finally {
    void agent.destroy();
  }
}

/** A lookup that has its answer: TLS still verifies the name. */
export const always =
  ({ address, family }: CheckedAddress): LookupFunction =>
  (_hostname, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };

async function bounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > LONGEST_REPLY) throw new EgressError('reply_too_large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function withinTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new EgressError('timeout')), { once: true });
    work.then(resolve, reject);
  });
}

/** Why a request failed, without what the driver says of it. */
export function failureOf(error: unknown, signal: AbortSignal): EgressError {
  if (error instanceof EgressError) return error;
  if ((error as { cause?: unknown } | null)?.cause instanceof EgressError)
    return (error as { cause: EgressError }).cause;
  const { code: own, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  const code = own ?? cause?.code;
  const late = signal.aborted || (typeof code === 'string' && /^UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT$/.test(code));
  return new EgressError(late ? 'timeout' : 'unreachable', error);
}
