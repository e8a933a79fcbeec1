import type { IncidentClass } from '../../domain/containment/types.ts';
import { fresh, insist, post } from './calls.ts';

/** An incident's ceremony through the API at `base`, by a client that repeats whatever got no answer. */
export function ceremonyAt(base: string) {
  const report = async (cls: IncidentClass, source: string): Promise<string> => {
    const body = { class: cls, source, description: 'as observed' };
    return (await insist(`${base}/api/v1/incidents/report`, body))['id'] as string;
  };
  return {
    report,
    ack: (incident_id: string) => insist(`${base}/api/v1/recovery/ack`, { incident_id, operator: 'me@org' }),
    /** A refusal is on record under its key: the TPM may be away for now. */
    reattest: (incident_id: string) => insist(`${base}/api/v1/recovery/reattest`, { incident_id }, fresh),
    tryReattest: (incident_id: string) => post(`${base}/api/v1/recovery/reattest`, { incident_id }),
    resolve: (id: string) => insist(`${base}/api/v1/incidents/resolve`, { id }),
    tryResolve: (id: string) => post(`${base}/api/v1/incidents/resolve`, { id }),
  };
}
