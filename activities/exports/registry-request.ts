import { EgressError } from '../egress/egress-error.ts';
import type { Resolve } from '../egress/checked-address.ts';
import { guardedFetch } from '../egress/guarded-fetch.ts';
import { CredentialError } from '../upstreams/credential.ts';
import { RegistryError } from './registry-error.ts';

/** Where the registry is and by which right it is asked. */
export interface RegistryAccess {
  /** Its origin. */
  url: string;
  /** It is one of our own: private and loopback addresses are where it lives. */
  internal: boolean;
  /** What goes with each request. Errors: CredentialError, EgressError. */
  headers: () => Promise<Record<string, string>>;
  resolve?: Resolve;
  /** Until an answer begins, and between two pieces of it. */
  withinMs?: number;
}

/** An answer whose body has not been read. */
export interface RegistryAnswer {
  status: number;
  headers: Headers;
  /** May be asked for once. */
  pieces: () => AsyncIterable<Uint8Array>;
}

const WITHIN_MS = 10_000;
/** A slower registry is none: beside this each answer has a minute. */
const LEAST_BYTES_PER_S = 256 * 1024;
const LONGEST_MS = 24 * 3_600_000;

/**
 * One request, whose answer is read inside of `work` and gone after it. `expected`: bytes of the body, for the time that it has.
 * Errors: RegistryError registry_unreachable, registry_auth_failed, and those of `work`.
 */
export async function ask<T>(
  access: RegistryAccess,
  method: 'GET' | 'HEAD',
  path: string,
  expected: number,
  work: (answer: RegistryAnswer) => Promise<T>,
): Promise<T> {
  const { answer, close } = await open(access, method, path, expected);
  try {
    return await work(answer);
  } catch (error) {
    throw registryError(error);
  } finally {
    await close();
  }
}

/** The body of a 200 in pieces; of another answer what `refused` makes of it is thrown. Errors as of `ask`. */
export async function* piecesOf(
  access: RegistryAccess,
  path: string,
  size: number,
  refused: (answer: RegistryAnswer, about: 'blob') => Promise<RegistryError>,
): AsyncGenerator<Uint8Array> {
  const { answer, close } = await open(access, 'GET', path, size);
  try {
    if (answer.status !== 200) throw await refused(answer, 'blob');
    yield* answer.pieces();
  } catch (error) {
    throw registryError(error);
  } finally {
    await close();
  }
}

/** The body as text of at most `longest` bytes. Errors: EgressError reply_too_large. */
export async function textOf({ pieces }: RegistryAnswer, longest: number): Promise<string> {
  const all: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces()) {
    length += piece.length;
    if (length > longest) throw new EgressError('reply_too_large');
    all.push(piece);
  }
  return Buffer.concat(all).toString('utf8');
}

async function open(
  { url, internal, headers, resolve, withinMs = WITHIN_MS }: RegistryAccess,
  method: 'GET' | 'HEAD',
  path: string,
  expected: number,
): Promise<{ answer: RegistryAnswer; close: () => Promise<void> }> {
  const stalled = new AbortController();
  /** Only while something is waited for: a reader that takes its time is not the registry's fault. */
  const waiting = async <T>(work: Promise<T>): Promise<T> => {
    const timer = setTimeout(() => stalled.abort(new EgressError('timeout')), withinMs);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  };
  const timeoutMs = Math.min(LONGEST_MS, 60_000 + Math.round((expected / LEAST_BYTES_PER_S) * 1000));
  const guard = guardedFetch({
    internal,
    timeoutMs,
    // Whoever reads a body counts.
    longest: Infinity,
    ...(resolve === undefined ? {} : { resolve }),
  });
  try {
    const given = await waiting(headers());
    const reply = await waiting(
      guard.fetch(`${url.replace(/\/+$/, '')}${path}`, {
        method,
        headers: { ...given, 'accept-encoding': 'identity' },
        signal: stalled.signal,
      }),
    );
    async function* pieces(): AsyncGenerator<Uint8Array> {
      const reader = reply.body?.[Symbol.asyncIterator]();
      for (;;) {
        const next = await waiting(reader?.next() ?? Promise.resolve({ done: true, value: undefined }));
        if (next.done === true) return;
        yield next.value as Uint8Array;
      }
    }
    return { answer: { status: reply.status, headers: reply.headers, pieces }, close: guard.close };
  } catch (error) {
    await guard.close();
    throw registryError(error);
  }
}

/** A credential that is not there is one that was refused; whatever else breaks a request is a registry out of reach. */
function registryError(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  const refused =
    error instanceof CredentialError && ['reference_missing', 'not_logged_in', 'auth_failed'].includes(error.code);
  return new RegistryError(refused ? 'registry_auth_failed' : 'registry_unreachable', error);
}
