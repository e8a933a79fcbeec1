import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';

export interface PreflightAnswer {
  status: number;
  headers: IncomingHttpHeaders;
}

const WITHIN_MS = 10_000;

/** What a browser asks before a page of `origin` may read (WHATWG Fetch, CORS-preflight), without any credential. */
export function preflight(baseUrl: string, origin: string): Promise<PreflightAnswer> {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}/v1/status`);
  const send = url.protocol === 'https:' ? secure : plain;
  const headers = {
    Origin: origin,
    'Access-Control-Request-Method': 'GET',
    'Access-Control-Request-Headers': 'authorization',
  };
  return new Promise((resolve, reject) => {
    const asked = send(
      url,
      { method: 'OPTIONS', headers, agent: false, signal: AbortSignal.timeout(WITHIN_MS) },
      (reply) => {
        reply.resume();
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers });
      },
    );
    asked.once('error', () => reject(new CliError('the preflight had no answer', 'unreachable', EXIT.unreachable)));
    asked.end();
  });
}
