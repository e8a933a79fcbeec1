import type { DecisionOutcome, IncidentDecision } from '../domain/process/decision.ts';
import { failureCode } from './failure-code.ts';
import { record } from './record.ts';
import { reattest } from './reattest.ts';

/** Takes one decision to its transaction. What the record could not be asked is a refusal with that code, on no record. */
export async function decide(decision: IncidentDecision): Promise<DecisionOutcome> {
  try {
    const { request } = decision;
    if ((request.kind === 'signed' ? request.name : request.kind) === 'reattest') return await reattest(decision);
    return await record.decideIncident(decision);
  } catch (error) {
    return { ok: false, code: failureCode(error, 'database_unreachable') };
  }
}
