import { setHandler } from '@temporalio/workflow';
import type { ApprovalOutcome } from '../../domain/process/watch.ts';
import { failureCode } from '../failure-code.ts';
import { keepWatch } from '../keep-watch.ts';
import { malformedApproval, refusing } from '../malformed.ts';
import { refused } from '../refused.ts';
import { decisionOf, Desk } from '../watch-desk.ts';
import { watches } from '../watch-record.ts';
import { checkFiles, observe } from './check-files.ts';
import { approveBaselineUpdate, checkUpdate } from './messages.ts';
import type { ApproveBaselineInput, IntegrityWatchInput } from './messages.ts';

/**
 * Looks at protected files for as long as the record lists them: at once, at every interval, when somebody asks, and after
 * each approval. Files that are not what the baseline says become an incident by themselves.
 */
export async function integrityWatch(input: IntegrityWatchInput): Promise<void> {
  const { baseline } = input;
  const desk = new Desk();
  setHandler(checkUpdate, () => desk.take(() => checkNow(baseline)));
  setHandler(approveBaselineUpdate, (given) => desk.approve(() => approve(baseline, given)), {
    validator: refusing((given) => malformedApproval(given)),
  });
  await keepWatch(input, desk, () => checkFiles(baseline));
}

async function checkNow(baseline: string) {
  const look = await checkFiles(baseline);
  if (look === null) throw refused('baseline_not_found');
  if (look.passed === null) throw refused(look.code);
  const { passed, incident_id } = look;
  return incident_id === undefined ? { passed } : { passed, incident_id };
}

/** What cannot be observed is for the record to refuse; without an attester there is nothing to judge. */
async function approve(baseline: string, given: ApproveBaselineInput): Promise<ApprovalOutcome> {
  const opened = await watches.openCheck(baseline);
  const decision = { ...decisionOf(given), baseline };
  if (opened === null) return { ok: false, code: 'baseline_not_found' };
  try {
    const observed = await observe(opened.node, baseline);
    return await watches.approveBaseline({ ...decision, observed });
  } catch (error) {
    return { ok: false, code: failureCode(error, 'attester_unreachable') };
  }
}
