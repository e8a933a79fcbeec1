import {
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { DeliveryLook, DeliveryRef } from '../../activities/deliveries/types.ts';
import { failureCode } from '../failure-code.ts';
import { REREAD_AFTER_MS, REREAD_AT_LEAST_MS } from '../options.ts';
import { pokeSignal } from './messages.ts';
import type { DeliveryInput } from './messages.ts';
import { egress, lookAfterDelivery } from './record.ts';

/** Sends one message until its receiver takes it or it is dead; what has become of it is the record's to say. */
export async function delivery(input: DeliveryInput): Promise<void> {
  const { workspace_id, delivery_id } = input;
  const of = { workspace_id, delivery_id };
  let stirred = false;
  setHandler(pokeSignal, () => {
    stirred = true;
  });

  while (!workflowInfo().continueAsNewSuggested) {
    stirred = false;
    const look = await lookSafely(of);
    if (look.over) return;
    if (look.due && (await sendSafely(of))) continue;
    await condition(() => stirred, look.due ? REREAD_AFTER_MS : Math.max(look.next_in_ms, REREAD_AT_LEAST_MS));
  }
  await continueAsNew<typeof delivery>(input);
}

/** A record that cannot be read now is read again a little later. */
async function lookSafely(of: DeliveryRef): Promise<DeliveryLook> {
  try {
    return await lookAfterDelivery(of);
  } catch (error) {
    if (isCancellation(error)) throw error;
    setCurrentDetails(`cannot read the record: ${failureCode(error, 'database_unreachable')}`);
    return { over: false, due: false, next_in_ms: REREAD_AFTER_MS };
  }
}

/** False when what came of the attempt did not get to the record. */
async function sendSafely(of: DeliveryRef): Promise<boolean> {
  try {
    await egress.sendDelivery(of);
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    setCurrentDetails(`cannot record an attempt: ${failureCode(error, 'database_unreachable')}`);
    return false;
  }
}
