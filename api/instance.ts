import { INSTANCE, visibleWorkspaces } from '../db/command/caller.ts';
import type { Caller } from '../db/command/caller.ts';
import { isProblemCode } from '../domain/problem/codes.ts';
import { DomainError } from '../domain/problem/problem.ts';
import { LOCAL_OPERATOR } from './auth/authenticate.ts';
import type { Principal } from './auth/principal.ts';

/** Nodes and baselines belong to the instance: roles held in `default` decide about them. Errors: not_permitted. */
export function requireInstance({ workspace_id }: Caller): void {
  if (!visibleWorkspaces(workspace_id).includes(INSTANCE)) throw new DomainError('not_permitted');
}

/** In loopback trust there is one person, who confirms by typing what others would ask a second one for. */
export const isSingleOperator = (principal: Principal): boolean => principal === LOCAL_OPERATOR;

/** Throws the problem of a refusal by the record or by a host. */
export function refuseWith(code: string): never {
  if (isProblemCode(code)) throw new DomainError(code);
  if (code.startsWith('tpm_')) throw new DomainError('tpm_unavailable');
  throw new Error(`refused with the unknown code ${code}`);
}
