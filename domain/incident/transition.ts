// Every change of an incident is judged here, on the locked row; what is not foreseen changes nothing and opens nothing.
import type { Sha256 } from '../canonical/hash.ts';
import type { Action, Severity } from '../containment/types.ts';
import type { ContainmentPolicy } from '../containment/policy.ts';
import { acknowledge, reattest, resolve, triage } from './decisions.ts';
import { fail, fold, lose, raise, settle, voidReattestation } from './occurrences.ts';
import { seal } from './record.ts';
import type { Incident, Verdict } from './types.ts';

export type IncidentEvent =
  | { kind: 'fold'; by: 'dedup' | 'flood' }
  | {
      kind: 'raise';
      severity: Severity;
      policy: ContainmentPolicy;
      policy_digest: string;
      subscribed: ReadonlySet<Action>;
      crossed_by: string;
    }
  | { kind: 'settle'; action: Action; retired?: boolean }
  | { kind: 'fail'; action: Action; error: string }
  | { kind: 'lose'; action: Action }
  | { kind: 'appraisal_failed' }
  | { kind: 'triage'; operator: string }
  | { kind: 'ack'; operator: string; actor: string; containment_binding?: string; note_digest?: string }
  | { kind: 'reattest'; proof: { binding: string; occurrences: number; settlements: number } }
  | { kind: 'resolve'; operator: string };

/**
 * Judges `event` on `incident` at `now` (RFC 3339). An accepted change comes back sealed (version + 1, new hash); an
 * accepted repeat comes back unchanged. Refusals carry a code of `RefusalCode` and leave everything as it was.
 */
export function transition(incident: Incident, event: IncidentEvent, now: string, sha256: Sha256): Verdict {
  const verdict = judge(incident, event, now, sha256);
  return verdict.ok && verdict.changed ? { ...verdict, incident: seal(verdict.incident, sha256) } : verdict;
}

function judge(incident: Incident, event: IncidentEvent, now: string, sha256: Sha256): Verdict {
  switch (event.kind) {
    case 'fold':
      return fold(incident, event.by);
    case 'raise':
      return raise(incident, event, now, sha256);
    case 'settle':
      return settle(incident, event.action, event.retired ?? false, now);
    case 'fail':
      return fail(incident, event.action, event.error, now);
    case 'lose':
      return lose(incident, event.action, now);
    case 'appraisal_failed':
      return voidReattestation(incident);
    case 'triage':
      return triage(incident, event.operator, now);
    case 'ack':
      return acknowledge(incident, event, now);
    case 'reattest':
      return reattest(incident, event.proof, now);
    case 'resolve':
      return resolve(incident, event.operator, now);
    default: {
      const unknown: never = event;
      throw new Error(`unknown incident event ${JSON.stringify(unknown)}`);
    }
  }
}
