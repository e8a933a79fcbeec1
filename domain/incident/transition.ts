// Every change of an incident is judged here, on the locked row; what is not foreseen changes nothing and opens nothing.
import type { Sha256 } from '../canonical/hash.ts';
import type { Severity } from '../containment/types.ts';
import { acknowledge, reattest, resolve, triage } from './decisions.ts';
import type { ReattestationProof, Resolution } from './decisions.ts';
import { fold, raise, voidReattestation } from './occurrences.ts';
import type { Fold, Judging } from './occurrences.ts';
import { seal } from './record.ts';
import { fail, lose, settle } from './settlements.ts';
import type { Incident, NamedTarget, Verdict } from './types.ts';

export type IncidentEvent =
  | ({ kind: 'fold' } & Fold)
  | ({ kind: 'raise'; severity: Severity; crossed_by: string } & Judging)
  | ({ kind: 'settle'; retired?: boolean } & NamedTarget)
  | ({ kind: 'fail'; error: string } & NamedTarget)
  | ({ kind: 'lose' } & NamedTarget)
  | { kind: 'appraisal_failed' }
  | { kind: 'triage'; operator: string }
  | { kind: 'ack'; operator: string; actor: string; containment_binding?: string; note_digest?: string }
  | { kind: 'reattest'; proof: ReattestationProof }
  | ({ kind: 'resolve' } & Resolution);

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
      return fold(incident, event, now, sha256);
    case 'raise':
      return raise(incident, event, now, sha256);
    case 'settle':
      return settle(incident, event, event.retired ?? false, now);
    case 'fail':
      return fail(incident, event, event.error, now);
    case 'lose':
      return lose(incident, event, now);
    case 'appraisal_failed':
      return voidReattestation(incident);
    case 'triage':
      return triage(incident, event.operator, now);
    case 'ack':
      return acknowledge(incident, event, now);
    case 'reattest':
      return reattest(incident, event.proof, now);
    case 'resolve':
      return resolve(incident, event, now);
    default: {
      const unknown: never = event;
      throw new Error(`unknown incident event ${JSON.stringify(unknown)}`);
    }
  }
}
