import { condition, continueAsNew, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import type { AdapterLook } from '../../activities/adapters/types.ts';
import { failureCode } from '../failure-code.ts';
import { REREAD_AFTER_MS } from '../options.ts';
import { pokeSignal } from './messages.ts';
import type { AdapterSyncInput } from './messages.ts';
import { egress, lookAfterAdapter } from './record.ts';
import { Requests } from './requests.ts';

/** How often it looks although nobody poked it; what an answer left unjudged is settled then. */
const SWEEP_EVERY_MS = 60_000;
const DUE_AT_ONCE = 16;

/** Tells one adapter the state it should hold, gate by gate and target by target, until it acknowledges each. */
export async function adapterSync(input: AdapterSyncInput): Promise<void> {
  const { workspace_id, adapter_id } = input;
  const adapter = { workspace_id, adapter_id };
  let stirred = false;
  let sweptAt = 0;
  const requests = new Requests(() => {
    stirred = true;
  });
  setHandler(pokeSignal, () => {
    stirred = true;
  });

  while (!workflowInfo().continueAsNewSuggested) {
    stirred = false;
    const sweep = Date.now() - sweptAt >= SWEEP_EVERY_MS;
    const look = await lookSafely({ ...adapter, limit: DUE_AT_ONCE, sweep });
    if (look?.over === true) break;
    if (look !== null && sweep) sweptAt = Date.now();
    const { trial, due, next_in_ms } = look ?? { trial: null, due: [], next_in_ms: REREAD_AFTER_MS };
    if (trial !== null) requests.launch('trial', () => egress.tryAdapter({ ...adapter, trial }));
    for (const of of due)
      requests.launch(JSON.stringify([of.gate, of.target]), () => egress.tellAdapter({ ...adapter, ...of }));
    await condition(() => stirred, Math.min(next_in_ms ?? SWEEP_EVERY_MS, SWEEP_EVERY_MS));
  }
  await condition(() => requests.size === 0);
  if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof adapterSync>(input);
}

/** Null: the record could not be read now. */
async function lookSafely(of: Parameters<typeof lookAfterAdapter>[0]): Promise<AdapterLook | null> {
  try {
    const look = await lookAfterAdapter(of);
    setCurrentDetails(look.due.length === 0 ? 'holds what it should' : `to be told: ${look.due.length}`);
    return look;
  } catch (error) {
    setCurrentDetails(`cannot read the record: ${failureCode(error, 'database_unreachable')}`);
    return null;
  }
}
