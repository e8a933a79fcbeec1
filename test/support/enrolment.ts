import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHostActivities } from '../../activities/enrolment/create-host-activities.ts';
import type { EnrolmentHostActivities, OpenedEnrolment } from '../../activities/enrolment/types.ts';
import { createAttesterActivities } from '../../activities/create-attester-activities.ts';
import type { AttesterActivities } from '../../activities/types.ts';
import type { EkTrust } from '../../domain/attestation/enrolment.ts';
import { enrolmentTpm } from '../../workers/attester/enrolment-tpm.ts';
import { TpmSession } from '../../workers/attester/tpm-session.ts';
import { startSwtpm } from './swtpm.ts';
import type { Swtpm } from './swtpm.ts';

export type Host = EnrolmentHostActivities & AttesterActivities;

/** A host with a TPM of its own, and what its worker would do. */
export interface TestHost {
  swtpm: Swtpm;
  host: Host;
  /** The certificates of the TPM's CA: the anchor, then the intermediate. */
  pem: string;
  close: () => Promise<void>;
}

export async function startHost(node: string): Promise<TestHost> {
  const swtpm = await startSwtpm();
  const session = new TpmSession(swtpm.tcti);
  const certificate = (name: string) => readFileSync(join(swtpm.caDir, name), 'utf8');
  return {
    swtpm,
    host: hostOf(node, session),
    pem: certificate('swtpm-localca-rootca-cert.pem') + certificate('issuercert.pem'),
    close: async () => {
      await session.close();
      await swtpm.stop();
    },
  };
}

export const hostOf = (node: string, session: TpmSession): Host => ({
  ...createHostActivities(enrolmentTpm(session)),
  ...createAttesterActivities({
    node,
    quote: (nonce, indices) =>
      session.use((tpm) => tpm.quote({ qualifyingData: nonce, pcrs: { bank: 'sha256', indices } })),
    observe: () => Promise.resolve([]),
  }),
});

/** A reviewed file of EK roots. */
export function rootsFile(roots: { name: string; trust: EkTrust; pem: string }[]): {
  path: string;
  remove: () => void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'interlock-roots-'));
  const path = join(folder, 'ek-roots.json');
  writeFileSync(path, JSON.stringify(roots));
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}

/** The challenge of an opened enrolment; throws for one that was refused. */
export function challengeOf(opened: OpenedEnrolment): Extract<OpenedEnrolment, { credential: object }> {
  if (!opened.ok || opened.challenge === null) throw new Error(`no challenge: ${JSON.stringify(opened)}`);
  return opened;
}
