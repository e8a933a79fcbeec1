import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a page of an allowed origin may send; credentials are a header it sets, never a cookie that a browser adds. */
export const CORS_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export const CORS_HEADERS = [
  'Authorization',
  'Content-Range',
  'Content-Type',
  'Idempotency-Key',
  'If-None-Match',
  'If-Range',
  'Last-Event-ID',
  'Prefer',
  'Range',
  'X-Interlock-Workspace',
  'X-Interlock-On-Behalf-Of',
  'X-Namespace',
] as const;

/** What it may read besides the headers that any page may. */
const EXPOSED = ['Content-Disposition', 'Content-Range', 'ETag', 'Link', 'Retry-After', 'WWW-Authenticate'];

/** A browser asks again whether it may after ten minutes: so long an origin that was taken off the list is remembered. */
const MAX_AGE_S = 600;

/** A CORS preflight (Fetch Standard, section 3.2.2) and no other OPTIONS. */
export const isPreflight = ({ method, headers }: IncomingMessage): boolean =>
  method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;

/** Lets a page of `origin`, and of no other, read what follows. */
export function shareWith(origin: string, res: ServerResponse): void {
  res.setHeader('Access-Control-Allow-Origin', origin);
  res.setHeader('Access-Control-Expose-Headers', EXPOSED.join(', '));
}

/** 204 with what may be sent; the browser holds its request against it. */
export function answerPreflight(res: ServerResponse): void {
  res.writeHead(204, {
    'Access-Control-Allow-Methods': CORS_METHODS.join(', '),
    'Access-Control-Allow-Headers': CORS_HEADERS.join(', '),
    'Access-Control-Max-Age': MAX_AGE_S,
    'Cache-Control': 'no-store',
    Vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  });
  res.end();
}
