import type { IncomingMessage } from 'node:http';
import { StrictJsonError } from '../domain/json/error.ts';
import { parseStrictJson } from '../domain/json/strict-json.ts';
import { decodeUtf8Strict } from '../domain/json/utf8.ts';
import { DomainError } from '../domain/problem/problem.ts';

/** Bodies are bounded before they are parsed. */
export const BODY_LIMIT = 64 * 1024;

const JSON_TYPE = /^application\/json[\t ]*(?:;[\t ]*charset[\t ]*=[\t ]*"?utf-8"?[\t ]*)?$/i;

/**
 * The one JSON value of a request, at most `limit` bytes long. Errors: payload_too_large, unsupported_media_type, and those of `parseStrictJson`:
 * malformed_json, repeated_key, unrepresentable, too_deep.
 */
export async function readJson(req: IncomingMessage, limit = BODY_LIMIT): Promise<unknown> {
  return parseJson(await readJsonBytes(req, limit));
}

/** The bytes of a body that says it is JSON, as they came. Errors: payload_too_large, unsupported_media_type. */
export async function readJsonBytes(req: IncomingMessage, limit = BODY_LIMIT): Promise<Buffer> {
  const encoding = req.headers['content-encoding'];
  if (!JSON_TYPE.test(req.headers['content-type'] ?? '') || (encoding !== undefined && encoding !== 'identity'))
    throw new DomainError('unsupported_media_type');
  return readBytes(req, limit);
}

/** The one JSON value of a body. Errors: those of `parseStrictJson`. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return parseStrictJson(decodeUtf8Strict(bytes));
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    throw new DomainError(error.code, { detail: error.message, fields: [{ path: error.path, code: error.code }] });
  }
}

/** As `readJson`, for a route that needs no body: undefined when none was sent. */
export async function readOptionalJson(req: IncomingMessage): Promise<unknown> {
  const { 'content-length': length, 'transfer-encoding': chunked } = req.headers;
  return chunked === undefined && (length === undefined || length === '0') ? undefined : readJson(req);
}

const watchers = new WeakMap<IncomingMessage, (bytes: Buffer) => void>();

/** Has `watcher` see the body of a request when it is read; one that is refused for its size or its type is not. */
export const watchBody = (req: IncomingMessage, watcher: (bytes: Buffer) => void): void =>
  void watchers.set(req, watcher);

async function readBytes(req: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > limit) throw new DomainError('payload_too_large');
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else reject(new DomainError('payload_too_large'));
    });
    req.once('end', () => {
      const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      watchers.get(req)?.(bytes);
      resolve(bytes);
    });
    req.once('error', reject);
    req.once('close', () => {
      if (!req.complete) reject(new DomainError('malformed_json'));
    });
  });
}
