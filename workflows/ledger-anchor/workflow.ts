import { proxyActivities, proxyLocalActivities, uuid4 } from '@temporalio/workflow';
import type { AnchorActivities, AnchorHostActivities } from '../../activities/anchor/types.ts';
import { failureCode } from '../failure-code.ts';
import { ATTESTER, RECORD } from '../options.ts';
import type { LedgerAnchorInput, LedgerAnchorResult } from './messages.ts';

const anchors = proxyLocalActivities<AnchorActivities>(RECORD);

const host = (node: string) => proxyActivities<AnchorHostActivities>({ ...ATTESTER, taskQueue: `attester/${node}` });

/**
 * Binds the newest checkpoint to the counter of a node's TPM: reads the counter, has it judged and the intention recorded,
 * moves it and quotes, records what came. An end between any two steps leaves a counter that the record foresaw. Fails only
 * when the record cannot be asked.
 */
export async function ledgerAnchor({ node, closing }: LedgerAnchorInput): Promise<LedgerAnchorResult> {
  try {
    const { counter } = await host(node).readAnchorCounter();
    const intended = await anchors.intendAnchor({ node, counter, closing, check_id: uuid4() });
    if (intended.kind === 'malformed') return await missed('evidence_malformed');
    if (intended.kind !== 'intended') return { result: intended.kind };
    const { anchor_id, counter_before, digest } = intended;
    const evidence = await host(node).anchorCheckpoint({ counter_before, digest });
    const completed = await anchors.completeAnchor({ anchor_id, evidence });
    if (!completed.ok) return { result: 'missed', reason: completed.code };
  } catch (error) {
    return missed(failureCode(error, 'attester_unreachable'));
  }
  await anchors.copyCheckpoints();
  return { result: 'anchored' };
}

async function missed(reason: string): Promise<LedgerAnchorResult> {
  await anchors.missAnchor({ reason });
  return { result: 'missed', reason };
}
