import { defineSearchAttributeKey } from '@temporalio/common';
import {
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { RotationActivities } from '../../activities/rotation/types.ts';
import type { RotationView } from '../../domain/process/rotation.ts';
import { failureCode } from '../failure-code.ts';
import { REREAD_AFTER_MS, REREAD_AT_LEAST_MS, ROTATION } from '../options.ts';
import { pokeSignal } from './messages.ts';
import type { TokenRotationInput } from './messages.ts';

const { rotate } = proxyActivities<RotationActivities>(ROTATION);
const PROCESS_STATE = defineSearchAttributeKey('ProcessState', 'KEYWORD');

/**
 * Takes a credential or a key through its rotation step by step, waits out overlaps and pauses, and ends when the record
 * says that it is over. What failed in which step, and whether it is undone, is the record's verdict.
 */
export async function tokenRotation(input: TokenRotationInput): Promise<void> {
  const { workspace_id, rotation_id } = input;
  let poked = false;
  let shown = '';
  setHandler(pokeSignal, () => {
    poked = true;
  });
  for (;;) {
    poked = false;
    const view = await next();
    if (view?.over === true) return;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof tokenRotation>(input);
    if (view?.again_after_ms === 0) continue;
    await condition(() => poked, Math.max(REREAD_AT_LEAST_MS, view?.again_after_ms ?? REREAD_AFTER_MS));
  }

  /** One step. Undefined: it did not get to the record; without a record the process is over. */
  async function next(): Promise<Pick<RotationView, 'over' | 'again_after_ms'> | undefined> {
    try {
      const view = await rotate({ workspace_id, rotation_id });
      if (view === null) return { over: true, again_after_ms: 0 };
      show(view);
      return view;
    } catch (error) {
      setCurrentDetails(`cannot record a step: ${failureCode(error, 'database_unreachable')}`);
      return undefined;
    }
  }

  function show({ row, state, step, failure }: RotationView): void {
    setCurrentDetails([`${row}: ${state}`, step, failure].filter((word) => word !== null).join(', '));
    if (state === shown) return;
    shown = state;
    upsertSearchAttributes([{ key: PROCESS_STATE, value: state }]);
  }
}
