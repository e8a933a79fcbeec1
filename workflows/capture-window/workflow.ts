import { defineSearchAttributeKey } from '@temporalio/common';
import {
  condition,
  continueAsNew,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { CaptureActivities } from '../../activities/capture/types.ts';
import type { CaptureView } from '../../domain/process/capture.ts';
import { failureCode } from '../failure-code.ts';
import { REREAD_AFTER_MS, REREAD_AT_LEAST_MS, RECORD } from '../options.ts';
import { pokeSignal } from './messages.ts';
import type { CaptureWindowInput } from './messages.ts';

const { attendCapture } = proxyLocalActivities<CaptureActivities>(RECORD);
const PROCESS_STATE = defineSearchAttributeKey('ProcessState', 'KEYWORD');

/**
 * Tidies up behind a capture window: waits for its end, by somebody or by its time, and has the record close it. Nothing is
 * captured after that time in any case, also while this does not run: the record itself takes nothing any more.
 */
export async function captureWindow(input: CaptureWindowInput): Promise<void> {
  const { workspace_id, window_id } = input;
  let poked = false;
  let shown = false;
  setHandler(pokeSignal, () => {
    poked = true;
  });
  for (;;) {
    poked = false;
    const view = await look();
    if (view?.over === true) return;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof captureWindow>(input);
    await condition(() => poked, Math.max(REREAD_AT_LEAST_MS, view?.again_after_ms ?? REREAD_AFTER_MS));
  }

  /** Undefined: it did not get to the record; without a record the window is over. */
  async function look(): Promise<Pick<CaptureView, 'over' | 'again_after_ms'> | undefined> {
    try {
      const view = await attendCapture({ workspace_id, window_id });
      if (view === null) return { over: true, again_after_ms: 0 };
      setCurrentDetails(view.over ? `${view.level}: closed` : `${view.level}: open`);
      if (!shown) upsertSearchAttributes([{ key: PROCESS_STATE, value: 'open' }]);
      shown = true;
      return view;
    } catch (error) {
      setCurrentDetails(`cannot read the record: ${failureCode(error, 'database_unreachable')}`);
      return undefined;
    }
  }
}
