import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { problemHeaders } from './failures.ts';
import type { Problem } from '../domain/problem/problem.ts';

/** Bytes that are too many to be held. `close` is called when they were sent, and when they were not. */
export interface ByteStream {
  length: number;
  chunks: () => AsyncIterable<Uint8Array>;
  close: () => Promise<void>;
}

export interface Reply {
  status: number;
  /** JSON, or the bytes themselves, whose `Content-Type` then stands in `headers`. */
  body: unknown;
  /** Instead of a body. */
  stream?: ByteStream;
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

function send(
  res: ServerResponse,
  status: number,
  type: string,
  body: unknown,
  headers: Record<string, string>,
): number {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
  res.writeHead(status, { ...COMMON, 'Content-Type': type, 'Content-Length': bytes.length, ...headers });
  res.end(bytes);
  return bytes.length;
}

/** Returns how many bytes the body has; none where it has no end of its own. */
export function sendReply(res: ServerResponse, reply: Reply | StreamReply): number {
  const { status, headers = {} } = reply;
  if (!('attach' in reply)) return send(res, status, 'application/json; charset=utf-8', reply.body, headers);
  res.writeHead(status, { ...COMMON, ...headers });
  res.flushHeaders();
  reply.attach(res);
  return 0;
}

/** A reader that takes nothing for this long is gone. */
const STALLED_MS = 60_000;

const GONE = ['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ECONNRESET', 'EPIPE'];

/** Sends bytes as they come and as fast as they are taken; whoever goes away is no error. */
export async function sendStream(
  res: ServerResponse,
  { status, headers = {} }: Reply,
  { length, chunks, close }: ByteStream,
): Promise<void> {
  try {
    res.writeHead(status, { ...COMMON, 'Content-Length': length, ...headers });
    res.setTimeout(STALLED_MS, () => res.destroy());
    await pipeline(chunks(), res);
  } catch (error) {
    if (!GONE.includes(String((error as { code?: unknown }).code))) throw error;
  } finally {
    await close();
  }
}

/** RFC 9457 §6.1. */
export const PROBLEM_TYPE = 'application/problem+json';

export const sendProblem = (res: ServerResponse, problem: Problem, headers: Record<string, string> = {}): number =>
  send(res, problem.status, PROBLEM_TYPE, problem, { ...problemHeaders(problem.status), ...headers });
