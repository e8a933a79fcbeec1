import type { ServerResponse } from 'node:http';
import { problemHeaders } from './failures.ts';
import type { Problem } from '../domain/problem/problem.ts';

export interface Reply {
  status: number;
  /** JSON, or the bytes themselves, whose `Content-Type` then stands in `headers`. */
  body: unknown;
  headers?: Record<string, string>;
}

/** 200 with a body that has no end of its own: who sends it writes to the response until one of both ends it. */
export interface StreamReply {
  status: 200;
  headers: Record<string, string>;
  attach: (res: ServerResponse) => void;
}

/** 200 with a body. */
export const ok = (body: unknown, headers: Record<string, string> = {}): Reply => ({ status: 200, body, headers });

/** 200 with bytes of another type than JSON. */
export const bytesOf = (type: string, body: Uint8Array, headers: Record<string, string> = {}): Reply => ({
  status: 200,
  body,
  headers: { 'Content-Type': type, ...headers },
});

/** Answers are about this moment and for this caller. */
const COMMON = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

function send(res: ServerResponse, status: number, type: string, body: unknown, headers: Record<string, string>): void {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
  res.writeHead(status, { ...COMMON, 'Content-Type': type, 'Content-Length': bytes.length, ...headers });
  res.end(bytes);
}

export function sendReply(res: ServerResponse, reply: Reply | StreamReply): void {
  const { status, headers = {} } = reply;
  if (!('attach' in reply)) return send(res, status, 'application/json; charset=utf-8', reply.body, headers);
  res.writeHead(status, { ...COMMON, ...headers });
  res.flushHeaders();
  reply.attach(res);
}

/** RFC 9457 §6.1. */
export const PROBLEM_TYPE = 'application/problem+json';

export const sendProblem = (res: ServerResponse, problem: Problem, headers: Record<string, string> = {}): void =>
  send(res, problem.status, PROBLEM_TYPE, problem, { ...problemHeaders(problem.status), ...headers });
