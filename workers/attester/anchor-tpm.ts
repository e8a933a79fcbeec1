import type { AnchorTpm } from '../../activities/anchor/create-anchor-host-activities.ts';
import { ENROLMENT_PCRS } from '../../domain/attestation/enrolment.ts';
import { ANCHOR_COUNTER } from '../../domain/attestation/nv-certify.ts';
import type { TpmSession } from './tpm-session.ts';

/**
 * What an anchor asks of the host's TPM. Anchors run one at a time, and each looks at the counter before it moves it, also
 * on a connection that replaced a dead one: a repeat must not move it twice, or the record would look set back.
 */
export function anchorTpm(session: Pick<TpmSession, 'use'>): AnchorTpm {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    counter: () =>
      session.use(async (tpm) => {
        await tpm.nvCounterDefine({ index: ANCHOR_COUNTER });
        return tpm.nvRead({ index: ANCHOR_COUNTER });
      }),
    anchor: (before, digest) =>
      inTurn(() =>
        session.use(async (tpm) => {
          const now = await tpm.nvRead({ index: ANCHOR_COUNTER });
          const counter = now === before ? await tpm.nvIncrement({ index: ANCHOR_COUNTER }) : now;
          if (counter !== before + 1n) return { counter, quote: null, certified: null };
          const pcrs = { bank: 'sha256', indices: ENROLMENT_PCRS } as const;
          const quote = await tpm.quote({ qualifyingData: digest, pcrs });
          return { counter, quote, certified: await tpm.nvCertify({ index: ANCHOR_COUNTER, qualifyingData: digest }) };
        }),
      ),
  };
}
