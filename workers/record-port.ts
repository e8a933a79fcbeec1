import { acknowledgeRecovery } from '../db/command/acknowledge.ts';
import { openChallenges } from '../db/command/challenges.ts';
import { decideIncident } from '../db/command/decide-incident.ts';
import { requestDigest } from '../db/command/decisions.ts';
import { nudgeOperators } from '../db/command/nudge.ts';
import { decideSigned } from '../db/command/decide-signed.ts';
import { signedBy, signedCaller } from '../db/command/signed-decision.ts';
import { attendProcess, closeProcess } from '../db/command/processes.ts';
import { reattestIncident } from '../db/command/reattest.ts';
import type { AttestationContext } from '../db/attestation/context.ts';
import type { Database } from '../db/client.ts';
import type { RecordPort } from '../activities/create-activities.ts';

/** The record's commands on one database. `context` is read at each appraisal: keys may be added while the worker runs. */
export function recordPort(db: Database, context: () => AttestationContext): RecordPort {
  return {
    attendProcess: (process) => attendProcess(db, process),
    closeProcess: (process) => closeProcess(db, process),
    acknowledge: (decision, ack) => acknowledgeRecovery(db, decision, ack),
    resolve: (decision, operator) => decideIncident(db, decision, { kind: 'resolve', operator }),
    refuse: (decision, code, kind) =>
      decideIncident(db, decision, async () => ({ asked: { ok: false, code } }), { kind }),
    decideSigned: (signal) => decideSigned(db, signal),
    reattestSigned: (signal, given) => reattestIncident(db, signedBy(signal), given, context()),
    signedCaller: (signal) => signedCaller(db, signal),
    openChallenges: (by, incident_id) => openChallenges(db, by, incident_id),
    reattest: (decision, given) => reattestIncident(db, decision, given, context()),
    nudge: (seen) => nudgeOperators(db, seen),
    requestDigest,
  };
}
