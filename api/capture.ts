import type { IncomingMessage } from 'node:http';
import type { CapturePoint, SeenBody } from '../db/capture-point.ts';
import type { Caller } from '../db/command/caller.ts';
import { StrictJsonError } from '../domain/json/error.ts';
import { parseStrictJson } from '../domain/json/strict-json.ts';
import { decodeUtf8Strict } from '../domain/json/utf8.ts';
import { BODY_READ, capturable } from '../domain/runtime/capture-content.ts';
import { watchBody } from './body.ts';
import { problemFor } from './failures.ts';
import type { Reply, StreamReply } from './reply.ts';
import type { Route } from './route.ts';

/** What becomes of a request that is watched. */
export interface Tap {
  /** `bytes`: of the body, as it was sent. */
  answered: (reply: Reply | StreamReply, bytes: number) => void;
  failed: (error: unknown) => void;
}

export type Captures = Pick<CapturePoint, 'watches' | 'offer'>;

const NOTHING: SeenBody = { value: undefined, bytes: 0 };

/** Undefined, and nothing done, while nothing of this route is to be captured. Headers are not captured at all. */
export function tap(captures: Captures, route: Route, req: IncomingMessage, caller: Caller): Tap | undefined {
  if (!capturable(route.action) || !captures.watches(caller.workspace_id)) return undefined;
  let body: Buffer | undefined;
  watchBody(req, (bytes) => {
    body = bytes;
  });
  const offer = (status: number, failure: string | null, response: () => SeenBody): void => {
    const request = () => (body === undefined ? NOTHING : { value: read(body), bytes: body.length });
    const { method, path: path_template } = route;
    const target = req.url ?? '';
    captures.offer({ ...caller, source: 'api', method, path_template, target, status, failure, request, response });
  };
  return {
    answered: (reply, bytes) => {
      const response = bodyOf(reply, bytes);
      offer(reply.status, null, () => response);
    },
    failed: (error) => {
      const said = problemFor(error);
      offer(said.status, said.code, () => jsonBody(said));
    },
  };
}

/** Undefined for what is not JSON: what cannot be read cannot be redacted either. */
function read(bytes: Buffer): unknown {
  try {
    return parseStrictJson(decodeUtf8Strict(bytes));
  } catch (error) {
    if (error instanceof StrictJsonError) return undefined;
    throw error;
  }
}

/** What is too much to be looked through is not held on to either. */
function bodyOf(reply: Reply | StreamReply, bytes: number): SeenBody {
  const json = !('attach' in reply) && reply.stream === undefined && !(reply.body instanceof Uint8Array);
  return { value: json && bytes <= BODY_READ ? reply.body : undefined, bytes };
}

const jsonBody = (value: unknown): SeenBody => ({ value, bytes: Buffer.byteLength(JSON.stringify(value)) });
