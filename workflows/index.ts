export { attestationRound } from './attestation-round/workflow.ts';
export { incidentResponse } from './incident-response/workflow.ts';
export { integrityRound } from './integrity-round/workflow.ts';
export { nodeEnrolment } from './node-enrolment/workflow.ts';
export { recoveryCeremony } from './recovery-ceremony/workflow.ts';
