import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import { isLoopback } from '../../config/loopback.ts';
import { bareHost, checkedAddress } from '../../domain/egress/checked-address.ts';
import type { Resolve } from '../../domain/egress/checked-address.ts';

/** Why there is no answer. The message carries no address. */
export type FetchErrorCode = 'insecure' | 'name_unresolved' | 'address_refused' | 'unreachable' | 'malformed';

export class FetchError extends Error {
  override readonly name = 'FetchError';
  readonly code: FetchErrorCode;
  constructor(code: FetchErrorCode, cause?: unknown) {
    super(`fetch: ${code}`, { cause });
    this.code = code;
  }
}

export interface FetchOptions {
  /** The host is one that the configuration names: a private or loopback address may be where it lives. */
  internal: boolean;
  /** For everything together, resolution included. */
  timeoutMs: number;
  /** Longer answers are none. */
  mostBytes: number;
  resolve?: Resolve;
}

const resolveAll: Resolve = (hostname) => lookup(hostname, { all: true, order: 'verbatim' });

/** Whether nobody on the way can change what comes: https, or http that does not leave this machine. */
export const isSecureUrl = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && isLoopback(bareHost(hostname)));

/**
 * The JSON that `url` answers 200 with. Its name is resolved once, one forbidden address among the answers refuses them
 * all, and the connection goes to the address that was checked; a redirect is no answer. Errors: FetchError.
 */
export async function getJson(url: URL, { internal, timeoutMs, mostBytes, resolve = resolveAll }: FetchOptions) {
  if (!isSecureUrl(url) || url.username !== '' || url.password !== '') throw new FetchError('insecure');
  const signal = AbortSignal.timeout(timeoutMs);
  const refuse = (code: FetchErrorCode, cause?: unknown) => new FetchError(code, cause);
  const address = await withinTime(checkedAddress(url.hostname, internal, resolve, refuse), signal);
  const agent = new Agent({ connect: { lookup: always(address), timeout: timeoutMs }, pipelining: 0 });
  try {
    const headers = { accept: 'application/json' };
    const { statusCode, body } = await request(url, { dispatcher: agent, method: 'GET', headers, signal });
    if (statusCode !== 200) throw new FetchError('unreachable');
    return parse(await bounded(body, mostBytes));
  } catch (error) {
    throw error instanceof FetchError ? error : new FetchError('unreachable', error);
  } finally {
    void agent.destroy();
  }
}

async function withinTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new FetchError('unreachable')), { once: true });
  });
  return Promise.race([work, late]);
}

/** A lookup that has its answer: TLS still verifies the name. */
const always =
  ({ address, family }: { address: string; family: number }): LookupFunction =>
  (_hostname, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };

async function bounded(body: AsyncIterable<Buffer>, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > mostBytes) throw new FetchError('malformed');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new FetchError('malformed', cause);
  }
}
