import express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';
import { isRequest } from '../domain/identity/requests.ts';
import { may } from '../domain/identity/roles.ts';
import { DomainError, problem } from '../domain/problem/problem.ts';
import { ANYONE, authenticate, LOCAL_OPERATOR, sourceOf } from './auth/authenticate.ts';
import type { Authentication } from './auth/authenticate.ts';
import { callerOf } from './auth/caller.ts';
import { createAttempts } from './auth/attempts.ts';
import type { Attempts } from './auth/attempts.ts';
import { RateLimitedError } from './auth/buckets.ts';
import { createDoor } from './auth/door.ts';
import type { Principal } from './auth/principal.ts';
import { tap } from './capture.ts';
import type { Tap } from './capture.ts';
import type { ApiDeps } from './deps.ts';
import { problemFor } from './failures.ts';
import { sendProblem, sendReply, sendStream } from './reply.ts';
import type { Reply, StreamReply } from './reply.ts';
import type { Call, GuardedRoute, Route } from './route.ts';
import { loadRoutes } from './routes.ts';

/** The HTTP door: every route of the folder, each behind its row of the role table, problem details for the rest. */
export async function createApp(deps: ApiDeps): Promise<Express> {
  const app = bareApp();
  guardDoor(app, deps.auth);
  const attempts = createAttempts({ trail: deps.auth.trail, ...deps.auth.failures });
  const byPath = Map.groupBy(await loadRoutes(), (route) => route.path);
  for (const [path, routes] of byPath) {
    const entry = app.route(path);
    for (const route of routes) {
      const handler = handlerOf(route, deps, attempts);
      if (route.method === 'GET') entry.get(handler);
      else if (route.method === 'PUT') entry.put(handler);
      else if (route.method === 'PATCH') entry.patch(handler);
      else entry.post(handler);
    }
    entry.all(otherMethods(routes));
  }
  app.use((_req: Request, res: Response) => sendProblem(res, problem('not_found')));
  app.use(onError(deps));
  return app;
}

/** Express without what an API of exact paths and whole bodies has no use for. */
export function bareApp(): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').enable('strict routing');
  app.set('query parser', false);
  return app;
}

/** Every path, also an open one, is behind the door. */
export function guardDoor(app: Express, auth: Authentication): void {
  const door = createDoor(auth);
  app.use((req: Request, res: Response, next: NextFunction) => {
    if (door(req, res)) next();
  });
}

function handlerOf(route: Route, deps: ApiDeps, attempts: Attempts) {
  return async (req: Request, res: Response): Promise<void> => {
    const { reply, tapped } = await answer(route, req, deps, attempts);
    if ('attach' in reply || reply.stream === undefined) {
      const bytes = sendReply(res, reply);
      tapped?.answered(reply, bytes);
      return;
    }
    tapped?.answered(reply, reply.stream.length);
    await sendStream(res, reply, reply.stream);
  };
}

/** What a gateway asks many times a second; the ledger has what came of it. */
const FREQUENT: readonly Route['action'][] = ['incident.report', 'gates.check'];

/** What is answered, and who captures it. */
interface Answered {
  reply: Reply | StreamReply;
  tapped?: Tap | undefined;
}

async function answer(route: Route, req: Request, deps: ApiDeps, attempts: Attempts): Promise<Answered> {
  if (route.action === 'open') return { reply: await route.handler(deps) };
  if (route.action === 'signed') {
    const call = { req, params: paramsOf(req) };
    const signer = { kind: 'signature', as: route.signer(call) } as const;
    return { reply: await attempts(req, () => route.handler(call, deps), signer) };
  }
  if (route.credential === 'lease') return { reply: await byLease(route, req, deps, attempts) };
  return guarded(route, req, deps, attempts);
}

/** Whoever has the secret of a lease may use it, whoever that is. A guess counts as one. */
async function byLease(route: GuardedRoute, req: Request, deps: ApiDeps, attempts: Attempts) {
  const { authorization } = req.headers;
  try {
    return await attempts(
      req,
      () => route.handler(callOf(req, ANYONE), deps),
      authorization === undefined ? undefined : { kind: 'lease', as: authorization },
    );
  } catch (error) {
    if (error instanceof DomainError && error.code === 'unauthenticated')
      deps.auth.trail?.write({
        code: 'unauthenticated',
        source: sourceOf(req),
        detail: { presented: authorization !== undefined },
      });
    throw error;
  }
}

const paramsOf = (req: Request): Record<string, string> =>
  Object.fromEntries(
    Object.entries(req.params as Record<string, string | string[]>).map(([k, v]) => [k, [v].flat().join('/')]),
  );

async function guarded(route: GuardedRoute, req: Request, deps: ApiDeps, attempts: Attempts): Promise<Answered> {
  const principal = route.openWhen?.(deps) ? ANYONE : await attempts(req, () => authenticate(req, deps.auth));
  const permitted = may(principal.roles, route.action) && (principal.requests_only !== true || isRequest(route.action));
  if (principal !== ANYONE && !permitted) {
    const { trail } = deps.auth;
    trail?.write({
      code: 'not_permitted',
      source: sourceOf(req),
      actor: principal.actor,
      detail: { action: route.action },
    });
    throw new DomainError('not_permitted');
  }
  if (route.method !== 'GET' && !FREQUENT.includes(route.action) && principal !== LOCAL_OPERATOR)
    deps.auth.trail?.write({
      code: 'token_used',
      source: sourceOf(req),
      actor: principal.actor,
      detail: { action: route.action },
    });
  const call = callOf(req, principal);
  const tapped = tap(deps.captures, route, req, call.caller);
  try {
    return { reply: await route.handler(call, deps), tapped };
  } catch (error) {
    tapped?.failed(error);
    throw error;
  }
}

function callOf(req: Request, principal: Principal): Call {
  const at = req.url.indexOf('?');
  const query = new URLSearchParams(at === -1 ? '' : req.url.slice(at + 1));
  return { req, query, params: paramsOf(req), principal, caller: callerOf(req, principal) };
}

function otherMethods(routes: Route[]) {
  const methods = routes.flatMap((route) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]));
  const headers = { Allow: [...methods, 'OPTIONS'].join(', ') };
  return (req: Request, res: Response): void => {
    if (req.method === 'OPTIONS') res.writeHead(204, headers).end();
    else sendProblem(res, problem('method_not_allowed'), headers);
  };
}

/** Answers what was thrown; logs what somebody has to look into. */
export function onError({ log }: Pick<ApiDeps, 'log'>) {
  // Express tells an error handler by its four parameters.
  return (error: unknown, req: Request, res: Response, _next: NextFunction): void => {
    const said = problemFor(error);
    const where = { method: req.method, path: req.path, code: said.code };
    if (said.status === 500) log.error({ event: 'request.failed', ...where, err: error });
    else if (said.status === 503) log.warn({ event: 'request.unavailable', ...where });
    else if (said.status === 401 || said.status === 403) log.warn({ event: 'request.refused', ...where });
    if (res.headersSent) res.destroy();
    else sendProblem(res, said, error instanceof RateLimitedError ? { 'Retry-After': String(error.retryAfterS) } : {});
  };
}
