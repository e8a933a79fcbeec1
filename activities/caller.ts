import type { DecisionCaller, IncidentDecision } from '../domain/process/decision.ts';

/** Decisions that came past our doors count as the one person of loopback trust, on behalf of whom they name. */
export const LOCAL_OPERATOR = 'local-operator';

/** Where signals have to be signed, whoever comes past our doors without a signature is nobody. */
const UNAUTHENTICATED = 'unauthenticated';

export const nobody = (decision: IncidentDecision): DecisionCaller => ({
  ...callerOf({ ...decision, caller: null }),
  actor: UNAUTHENTICATED,
});

/** Who decides: the caller a door has authenticated, else the local operator. */
export function callerOf({ caller, request, workspace_id }: IncidentDecision): DecisionCaller {
  if (caller !== null) return caller;
  return { workspace_id, actor: LOCAL_OPERATOR, on_behalf_of: request.kind === 'ack' ? request.operator : null };
}
