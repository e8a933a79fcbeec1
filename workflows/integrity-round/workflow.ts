import type { Watched } from '../../activities/enrolment/types.ts';
import { refused, rounds } from '../enrolment-record.ts';
import { checkFiles, observe } from './check-files.ts';
import type { IntegrityRoundInput } from './messages.ts';

/** A fresh check of protected files; at the first start what is found becomes the first baseline. */
export async function integrityRound({ node, baseline }: IntegrityRoundInput): Promise<Watched> {
  const observed = await observe(node, baseline);
  const signed = await rounds.signFirstBaseline({ baseline, observed });
  if (!signed.ok && signed.code !== 'observation_malformed') throw refused(signed.code);
  return checkFiles(baseline, observed);
}
