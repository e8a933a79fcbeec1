import type { IncomingMessage } from 'node:http';
import type { Caller } from '../db/command/caller.ts';
import type { may } from '../domain/identity/roles.ts';
import type { Principal } from './auth/principal.ts';
import type { ApiDeps } from './deps.ts';
import type { Reply, StreamReply } from './reply.ts';

/** A request whose caller is known and permitted. */
export interface Call {
  req: IncomingMessage;
  query: URLSearchParams;
  /** What stands in the path where the route has `:name` or, over any number of parts, `*name`; decoded. */
  params: Readonly<Record<string, string>>;
  caller: Caller;
  principal: Principal;
}

interface RouteBase {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  path: string;
}

/**
 * `action` is what the caller has to be permitted to do, unless `openWhen` says that anyone may. With `credential: 'lease'`
 * the bearer is the secret of the lease itself, and the handler judges it: no role is asked for.
 */
export interface GuardedRoute extends RouteBase {
  action: Parameters<typeof may>[1];
  openWhen?: (deps: ApiDeps) => boolean;
  credential?: 'lease';
  handler: (call: Call, deps: ApiDeps) => Promise<Reply | StreamReply>;
}

/** Anyone may ask; nobody is authenticated. */
export interface OpenRoute extends RouteBase {
  action: 'open';
  handler: (deps: ApiDeps) => Promise<Reply>;
}

/** What a request carries whose credential is its signature. */
export type SignedCall = Pick<Call, 'req' | 'params'>;

/** Its handler believes nothing before it has judged the signature. `signer` names whose it has to be. */
export interface SignedRoute extends RouteBase {
  action: 'signed';
  signer: (call: SignedCall) => string;
  handler: (call: SignedCall, deps: ApiDeps) => Promise<Reply>;
}

export type Route = GuardedRoute | OpenRoute | SignedRoute;
