import { canonicalJson } from '../../domain/canonical/json.ts';
import type { IncidentClass } from '../../domain/containment/types.ts';
import type { Incident } from '../../domain/incident/types.ts';
import type { Database } from '../client.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { requestDigest } from './decisions.ts';
import { recordReports } from './intake.ts';

/** What a watch saw. Reports with the same `dedup_key` fold into the open incident. */
export interface Observed {
  source: string;
  description: string;
  evidence: Record<string, unknown>;
  dedup_key: string;
}

/** Reports what the instance itself observed, in its own workspace, once per `key`. Throws when the report is refused. */
export async function reportOwn(
  db: Database,
  by: Caller,
  cls: IncidentClass,
  key: string,
  observed: Observed,
): Promise<Incident> {
  const [reply] = await recordReports(db, [
    {
      ...by,
      workspace_id: INSTANCE,
      report: { class: cls, ...observed },
      evidence: canonicalJson(observed.evidence),
      key: { decision_id: key, request_digest: requestDigest(observed) },
    },
  ]);
  if (reply?.ok !== true) throw new Error(`the instance's own report was refused: ${reply?.code ?? 'no answer'}`);
  return reply.incident;
}
