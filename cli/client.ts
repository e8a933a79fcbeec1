import { randomUUID } from 'node:crypto';
import { RefusedError, UnreachableError } from './errors.ts';
import type { AnsweredProblem } from './errors.ts';

/** What a request may carry besides its path. */
export interface Ask {
  query?: Record<string, string | number | undefined>;
  headers?: Record<string, string>;
}

export interface Answer<T> {
  status: number;
  body: T;
  /** The path of the next page, where there is one. */
  next: string | undefined;
}

/** An answer that is too large to be held. */
export interface Download {
  /** The name that the server gives it. */
  fileName: string | undefined;
  /** Bytes, where the server says how many. */
  length: number | undefined;
  /** Errors: UnreachableError when the connection is lost before the end. */
  chunks: AsyncIterable<Uint8Array>;
}

export interface Client {
  baseUrl: string;
  hasToken: boolean;
  /** Errors: UnreachableError, RefusedError for any status but 2xx. */
  get: <T>(path: string, ask?: Ask) => Promise<Answer<T>>;
  /** As `get`, bytes as they come; nothing limits how long they may take. */
  download: (path: string) => Promise<Download>;
  /** Sends a decision under a key of its own, and once more when nobody can tell whether it arrived. */
  post: <T>(path: string, body: object, ask?: Ask) => Promise<Answer<T>>;
  /** The same for a definition that replaces what was there. */
  put: <T>(path: string, body: object, ask?: Ask) => Promise<Answer<T>>;
  /** Sends bytes as they are, once: whoever sends them knows whether they may be sent again. Errors: those of `get`. */
  sendBytes: <T>(
    method: 'PUT' | 'PATCH',
    path: string,
    bytes: Uint8Array,
    headers?: Record<string, string>,
  ) => Promise<Answer<T>>;
  /** The answer as it comes, whatever its status, while `signal` lasts: for what looks at the connection itself. */
  stream: (path: string, signal: AbortSignal) => Promise<Response>;
  /** The bytes of an answer that is no JSON, of a longer one the first `limit` and one more. Errors: those of `get`. */
  bytes: (path: string, limit: number) => Promise<Uint8Array>;
}

export interface ClientOptions {
  baseUrl: string;
  token?: string | undefined;
  /** The token as it is now, where it can have been replaced since. */
  currentToken?: () => Promise<string>;
  workspace?: string | undefined;
  timeoutMs?: number;
}

/** A re-attestation takes a quote of every node; everything else is answered within seconds. */
const TIMEOUT_MS = 120_000;

type Init = Omit<RequestInit, 'headers'> & { headers: Record<string, string> };

export function createClient({
  baseUrl,
  token,
  currentToken,
  workspace,
  timeoutMs = TIMEOUT_MS,
}: ClientOptions): Client {
  const common: Record<string, string> = {
    Accept: 'application/json',
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(workspace === undefined ? {} : { 'X-Interlock-Workspace': workspace }),
  };

  const authorization = (): Record<string, string> =>
    common['Authorization'] === undefined ? {} : { Authorization: common['Authorization'] };

  /** A rotation replaces the token's file under a command that waits for its end: refused, it looks again, once. */
  async function replacedToken(): Promise<boolean> {
    const now = await currentToken?.().catch(() => undefined);
    if (now === undefined || common['Authorization'] === `Bearer ${now}`) return false;
    common['Authorization'] = `Bearer ${now}`;
    return true;
  }

  async function exchange<T>(path: string, init: Init, read: (response: Response) => Promise<T>): Promise<T> {
    const url = new URL(`${baseUrl.replace(/\/+$/, '')}${path}`);
    // A redirect would carry the token to wherever it points.
    const ask = () =>
      fetch(url, {
        ...init,
        headers: { ...init.headers, ...authorization() },
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
    try {
      const first = await ask();
      const response = first.status === 401 && (await replacedToken()) ? await ask() : first;
      if (response.ok) return await read(response);
      throw new RefusedError(response.status, problemOf(response.status, readBody(await response.text())));
    } catch (error) {
      if (error instanceof RefusedError || error instanceof UnreachableError) throw error;
      throw new UnreachableError(baseUrl, reasonOf(error));
    }
  }

  const send = <T>(path: string, init: Init): Promise<Answer<T>> =>
    exchange(path, init, async (response) => {
      const body = readBody(await response.text());
      if (body === undefined) throw new UnreachableError(baseUrl, 'what answers there is not Interlock');
      return { status: response.status, body: body as T, next: nextPage(response.headers.get('link')) };
    });

  async function download(path: string): Promise<Download> {
    const unreachable = (error: unknown) => new UnreachableError(baseUrl, reasonOf(error));
    const url = new URL(`${baseUrl.replace(/\/+$/, '')}${path}`);
    const response = await fetch(url, { headers: common, redirect: 'error' }).catch((error: unknown) => {
      throw unreachable(error);
    });
    const { headers, body } = response;
    if (!response.ok)
      throw new RefusedError(response.status, problemOf(response.status, readBody(await response.text())));
    const length = headers.get('content-length');
    async function* chunks(): AsyncGenerator<Uint8Array> {
      try {
        for await (const chunk of body ?? []) yield chunk;
      } catch (error) {
        throw unreachable(error);
      }
    }
    return {
      fileName: /filename="([^"]+)"/.exec(headers.get('content-disposition') ?? '')?.[1],
      length: length === null ? undefined : Number(length),
      chunks: chunks(),
    };
  }

  async function decide<T>(method: string, path: string, body: object, headers: Record<string, string>) {
    const init = {
      method,
      headers: { ...common, 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID(), ...headers },
      body: JSON.stringify(body),
    };
    try {
      return await send<T>(path, init);
    } catch (error) {
      if (!isOutcomeUnknown(error)) throw error;
      return send<T>(path, init);
    }
  }

  return {
    baseUrl,
    hasToken: token !== undefined,
    get: (path, { query = {}, headers = {} } = {}) =>
      send(withQuery(path, query), { headers: { ...common, ...headers } }),
    download,
    post: (path, body, { headers = {} } = {}) => decide('POST', path, body, headers),
    put: (path, body, { headers = {} } = {}) => decide('PUT', path, body, headers),
    sendBytes: (method, path, bytes, headers = {}) =>
      send(path, {
        method,
        headers: { ...common, 'Content-Type': 'application/octet-stream', ...headers },
        body: bytes as Uint8Array<ArrayBuffer>,
      }),
    stream: (path, signal) =>
      fetch(new URL(`${baseUrl.replace(/\/+$/, '')}${path}`), { headers: common, redirect: 'error', signal }).catch(
        (error: unknown) => {
          throw new UnreachableError(baseUrl, reasonOf(error));
        },
      ),
    bytes: (path, limit) =>
      exchange(path, { headers: { ...common, Accept: '*/*' } }, (response) => beginning(response, limit + 1)),
  };
}

/** What is longer is not read to its end: whoever answers does not decide how much memory that takes. */
async function beginning(response: Response, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= most) break;
  }
  return Buffer.concat(chunks).subarray(0, most);
}

const LOST = 'the connection was lost';
const isOutcomeUnknown = (error: unknown): boolean =>
  (error instanceof RefusedError && error.code === 'outcome_unknown') ||
  (error instanceof UnreachableError && error.reason === LOST);

function withQuery(path: string, query: NonNullable<Ask['query']>): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

function readBody(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A proxy in between may answer in its own words. */
function problemOf(status: number, body: unknown): AnsweredProblem {
  const { error, code } = (body ?? {}) as { error?: unknown; code?: unknown };
  if (typeof error === 'string' && typeof code === 'string') return body as AnsweredProblem;
  return { error: `the server answered with status ${status}`, code: `http_${status}` };
}

/** RFC 8288: the target of rel="next". */
export const nextPage = (link: string | null): string | undefined => /<([^>]+)>;\s*rel="next"/.exec(link ?? '')?.[1];

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: LOST,
  UND_ERR_SOCKET: LOST,
  EPIPE: LOST,
  ENOTFOUND: 'unknown host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'no answer in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted',
};

/** A few words on why a request had no answer; nothing of its headers is in them. */
function reasonOf(error: unknown): string {
  if ((error as { name?: unknown }).name === 'TimeoutError') return 'no answer in time';
  const cause = (error as { cause?: { code?: unknown; message?: unknown } }).cause;
  if (cause?.message === 'unexpected redirect') return 'it redirects elsewhere';
  if (cause?.message === 'bad port') return 'its port is one that HTTP clients refuse';
  const code = typeof cause?.code === 'string' ? cause.code : undefined;
  return code === undefined ? 'the request failed' : (REASONS[code] ?? code);
}
