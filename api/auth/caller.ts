import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../db/command/caller.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { invalidFields } from '../fields.ts';
import { isWorkspaceId } from '../workspace.ts';
import type { Principal } from './principal.ts';

const VISIBLE_ASCII = /^[\x20-\x7e]{1,256}$/;

function single(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** The workspace that `X-Interlock-Workspace` names. Errors: validation_failed. */
export function namedWorkspace(req: IncomingMessage): string | undefined {
  const named = single(req, 'x-interlock-workspace');
  if (named !== undefined && !isWorkspaceId(named))
    invalidFields({ path: 'X-Interlock-Workspace', code: 'invalid_value' });
  return named;
}

/**
 * The caller as the record names it: the token's workspace, or in loopback trust the one of `X-Interlock-Workspace`, and
 * the claim of `X-Interlock-On-Behalf-Of`. Errors: not_permitted for another workspace than the token's.
 */
export function callerOf(req: IncomingMessage, principal: Principal): Caller {
  const named = namedWorkspace(req);
  if (named !== undefined && principal.workspace_id !== undefined && named !== principal.workspace_id)
    throw new DomainError('not_permitted');
  const onBehalfOf = single(req, 'x-interlock-on-behalf-of');
  if (onBehalfOf !== undefined && (!VISIBLE_ASCII.test(onBehalfOf) || onBehalfOf.trim() === ''))
    invalidFields({ path: 'X-Interlock-On-Behalf-Of', code: 'invalid_value' });
  return {
    workspace_id: principal.workspace_id ?? named ?? 'default',
    actor: principal.actor,
    on_behalf_of: onBehalfOf ?? null,
  };
}
