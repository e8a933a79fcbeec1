export { adapterSync } from './adapter-sync/workflow.ts';
export { attestationWatch } from './attestation-watch/workflow.ts';
export { incidentResponse } from './incident-response/workflow.ts';
export { integrityWatch } from './integrity-watch/workflow.ts';
export { ledgerAnchor } from './ledger-anchor/workflow.ts';
export { nodeEnrolment } from './node-enrolment/workflow.ts';
export { recoveryCeremony } from './recovery-ceremony/workflow.ts';
export { severityEscalation } from './severity-escalation/workflow.ts';
