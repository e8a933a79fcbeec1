import { attestationRecord } from '../../../db/read/attestation-state.ts';
import { ill, well } from '../../../domain/doctor/finding.ts';
import type { DoctorCheck } from '../check.ts';

/** Three quotes in a row did not come. */
const MISSED = 3;

/** Whether the TPM of each enrolled node answers; what its quotes say is the attestation's to judge. */
export const check: DoctorCheck = {
  name: 'tpm',
  component: true,
  run: async ({ db, watchIntervalMs }) => {
    const { nodes, now } = await attestationRecord(db);
    if (nodes.length === 0) return ill('tpm_absent', 'no node is enrolled');
    return nodes.map(({ node, last_result_at, missed_quotes }) => {
      if (last_result_at === null) return ill('tpm_silent', 'there is no quote yet', node);
      const age = Date.parse(now) - Date.parse(last_result_at);
      return missed_quotes > 0 || age > MISSED * watchIntervalMs + 30_000
        ? ill('tpm_silent', `the last quote is ${Math.round(age / 1000)} s old`, node)
        : well(`the last quote is ${Math.round(age / 1000)} s old`, node);
    });
  },
};
