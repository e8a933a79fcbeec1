import { proxyActivities, uuid4 } from '@temporalio/workflow';
import type { AttesterActivities } from '../../activities/types.ts';
import type { OpenedCheck, Watched } from '../../activities/watch/types.ts';
import { failureCode } from '../failure-code.ts';
import { OBSERVE } from '../options.ts';
import { refused } from '../refused.ts';
import { watches } from '../watch-record.ts';

/** Files that cannot be observed are not what the baseline says: they count as a difference, not as silence. */
const UNOBSERVABLE: readonly string[] = ['file_unreadable', 'observation_too_large'];

/** The worker on the host that the files are on. */
const host = (node: string) =>
  proxyActivities<Pick<AttesterActivities, 'observeFiles'>>({ ...OBSERVE, taskQueue: `attester/${node}` });

/** What a look at the files came to; `code` is why there was nothing to see. Null when nobody has to watch them any more. */
export type Look = ({ again_after_ms: number } & (Watched | { passed: null; code: string })) | null;

/**
 * One check; a difference has become an incident when this returns. At the first start what is found becomes the first
 * baseline. A check that did not come is counted. Fails only when the record itself cannot be asked.
 */
export async function checkFiles(baseline: string): Promise<Look> {
  const opened = await watches.openCheck(baseline);
  if (opened === null) return null;
  try {
    return await watches.recordCheck({ check_id: uuid4(), baseline, observed: await baselined(baseline, opened) });
  } catch (error) {
    const code = failureCode(error, 'attester_unreachable');
    return { ...(await watches.recordMissedCheck({ baseline, reason: code })), passed: null, code };
  }
}

async function baselined(baseline: string, { node, first }: OpenedCheck): Promise<unknown> {
  const observed = await observe(node, baseline);
  if (!first) return observed;
  const signed = await watches.signFirstBaseline({ baseline, observed });
  if (!signed.ok && signed.code !== 'observation_malformed') throw refused(signed.code);
  return observed;
}

/** What a host says its protected files are, of any shape. Fails with the attester's code where nothing was observed. */
export async function observe(node: string, baseline: string): Promise<unknown> {
  try {
    return await host(node).observeFiles(baseline);
  } catch (error) {
    const code = failureCode(error, 'attester_unreachable');
    if (UNOBSERVABLE.includes(code)) return { refused: code };
    throw error;
  }
}
