import { ROLES } from '../../domain/identity/roles.ts';
import type { ExportCaller, ExportDecided, ExportDecision } from '../../domain/process/export.ts';
import { LOCAL_OPERATOR } from '../caller.ts';
import type { ExportRecordPort } from './record-port.ts';
import type { ExportDecisionActivities } from './activities.ts';

export interface ExportDecisionDeps {
  record: Pick<ExportRecordPort, 'decide' | 'refuse' | 'requestDigest'>;
  /** `signed`: a decision that nobody authenticated is refused. */
  signals: 'unsigned' | 'signed';
}

const UNAUTHENTICATED = 'unauthenticated';

/** Decisions about exports that come through their process. */
export const createExportDecisions = ({ record, signals }: ExportDecisionDeps): ExportDecisionActivities => ({
  decideExport: async (d): Promise<ExportDecided> => {
    const { export_id, decision_id } = d;
    const request_digest = d.request_digest ?? record.requestDigest({ export_id, ...d.request });
    const key = { decision_id, request_digest };
    const refuse = (code: string) => {
      const nobody: ExportCaller = { ...localOperator(d), actor: UNAUTHENTICATED, roles: [], single_operator: false };
      return record.refuse(nobody, { export_id, key, kind: d.request.kind, code });
    };
    const { request } = d;
    if (request.kind === 'signed') return refuse('signed_for_another_decision');
    if (d.caller !== null) return record.decide(d.caller, { export_id, key, request });
    // A signal could have carried a signature, an update only its caller.
    if (signals === 'signed') return refuse(d.signal ? 'signal_unsigned' : 'signature_required');
    // Who sends it past our doors names the export by its id, which is the confirmation that the door asks for.
    const confirmed = request.kind === 'approve' ? { ...request, confirm: export_id } : request;
    return record.decide(localOperator(d), { export_id, key, request: confirmed });
  },
});

const localOperator = ({ workspace_id }: ExportDecision): ExportCaller => ({
  workspace_id,
  actor: LOCAL_OPERATOR,
  on_behalf_of: null,
  roles: [...ROLES],
  single_operator: true,
});
