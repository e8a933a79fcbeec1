import type { EnrolmentTpm } from '../../activities/enrolment/create-host-activities.ts';
import { defaultAkHandle } from '../../native/tpm/index.ts';
import type { TpmSession } from './tpm-session.ts';

/** What an enrolment asks of the host's TPM. */
export function enrolmentTpm(session: Pick<TpmSession, 'use'>): EnrolmentTpm {
  return {
    keys: () =>
      session.use(async (tpm) => ({
        ek: await tpm.createEk(),
        ekCertificate: await tpm.readEkCertificate(),
        ak: (await tpm.loadAk()) ?? (await tpm.createAk()),
      })),
    activate: (credential) =>
      session.use(async (tpm) => {
        const ek = await tpm.createEk();
        const ak = (await tpm.loadAk()) ?? (await tpm.createAk());
        const handles = { akHandle: defaultAkHandle, ekHandle: ek.handle };
        return { secret: await tpm.activateCredential({ ...handles, ...credential }), akName: ak.name };
      }),
  };
}
