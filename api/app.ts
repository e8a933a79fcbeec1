import express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';
import { may } from '../domain/identity/roles.ts';
import { DomainError, problem } from '../domain/problem/problem.ts';
import { ANYONE, authenticate } from './auth/authenticate.ts';
import type { Authentication } from './auth/authenticate.ts';
import { callerOf } from './auth/caller.ts';
import { tap } from './capture.ts';
import { requireDirectLoopback } from './auth/loopback-trust.ts';
import type { ApiDeps } from './deps.ts';
import { problemFor } from './failures.ts';
import { sendProblem, sendReply, sendStream } from './reply.ts';
import type { Reply, StreamReply } from './reply.ts';
import type { Call, Route } from './route.ts';
import { loadRoutes } from './routes.ts';

/** The HTTP door: every route of the folder, each behind its row of the role table, problem details for the rest. */
export async function createApp(deps: ApiDeps): Promise<Express> {
  const app = bareApp();
  guardDoor(app, deps.auth);
  const byPath = Map.groupBy(await loadRoutes(), (route) => route.path);
  for (const [path, routes] of byPath) {
    const entry = app.route(path);
    for (const route of routes) {
      const handler = handlerOf(route, deps);
      if (route.method === 'GET') entry.get(handler);
      else if (route.method === 'PUT') entry.put(handler);
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

/** In loopback trust every path, also an open one, answers only who came straight from this machine. */
export function guardDoor(app: Express, { loopbackTrust }: Authentication): void {
  if (!loopbackTrust) return;
  app.use((req: Request, _res: Response, next: NextFunction) => {
    requireDirectLoopback(req);
    next();
  });
}

function handlerOf(route: Route, deps: ApiDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    if (route.action === 'open') return answer(res, await route.handler(deps));
    const call = await callOf(route, req, deps);
    const tapped = tap(deps.captures, route, req, call.caller);
    let reply;
    try {
      reply = await route.handler(call, deps);
    } catch (error) {
      tapped?.failed(error);
      throw error;
    }
    await answer(res, reply, (bytes) => tapped?.answered(reply, bytes));
  };
}

async function answer(res: Response, reply: Reply | StreamReply, sent?: (bytes: number) => void): Promise<void> {
  if ('attach' in reply || reply.stream === undefined) {
    const bytes = sendReply(res, reply);
    return sent?.(bytes);
  }
  sent?.(reply.stream.length);
  await sendStream(res, reply, reply.stream);
}

async function callOf(route: Exclude<Route, { action: 'open' }>, req: Request, deps: ApiDeps): Promise<Call> {
  const principal = route.openWhen?.(deps) ? ANYONE : await authenticate(req, deps.auth);
  if (principal !== ANYONE && !may(principal.roles, route.action)) throw new DomainError('not_permitted');
  const at = req.url.indexOf('?');
  const query = new URLSearchParams(at === -1 ? '' : req.url.slice(at + 1));
  const params = Object.fromEntries(
    Object.entries(req.params as Record<string, string | string[]>).map(([k, v]) => [k, [v].flat().join('/')]),
  );
  return { req, query, params, principal, caller: callerOf(req, principal) };
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
    else sendProblem(res, said);
  };
}
