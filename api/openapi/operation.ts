import type { z } from 'zod';
import type { ProblemCode } from '../../domain/problem/codes.ts';
import type { Route } from '../route.ts';

export interface Parameter {
  about: string;
  schema: z.ZodType;
  required?: true;
}

export interface Response {
  about: string;
  schema: z.ZodType;
  /** `application/json` where nothing else is said. */
  type?: string;
  /** Whether a list may go on behind a `Link` to the next page. */
  paged?: true;
}

/** What the document says of a route. `action` is the route's own, so that the roles follow from the role table. */
export interface Operation {
  method: Route['method'];
  path: string;
  action: Route['action'];
  /** Who presents a lease's own secret is asked for no role. */
  bearer?: 'lease';
  id: string;
  tag: string;
  about: string;
  /** What stands in the path for each `:name` of it. */
  inPath?: Record<string, Parameter>;
  query?: Record<string, Parameter>;
  /** Request headers besides those every request may carry. */
  headers?: (
    'Idempotency-Key' | 'Prefer' | 'Last-Event-ID' | 'Range' | 'If-Range' | 'If-None-Match' | 'Content-Range'
  )[];
  body?: z.ZodType;
  /** The body is bytes instead, streamed. */
  bytes?: true;
  /** Whether the request may come without its body. */
  bodyOptional?: true;
  responses: Record<number, Response>;
  /** Refusals besides those that any route of its kind gives. */
  problems?: ProblemCode[];
}
