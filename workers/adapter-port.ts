import type { AdapterPort, AskChild } from '../activities/adapters/create-adapter-activities.ts';
import type { AdapterRef } from '../activities/adapters/types.ts';
import { readKeys } from '../config/secret-value.ts';
import { recordAnswer, recordTrial } from '../db/command/acknowledge-adapter.ts';
import { beginSending, beginTrial, lookAfterAdapter } from '../db/command/adapter-requests.ts';
import { readControlSecret } from '../db/command/read-control-secret.ts';
import type { SecretsDeps } from '../db/command/set-secret.ts';
import type { SlotRef } from '../domain/secret/secret-ref.ts';
import { SecretsError } from '../db/secrets-error.ts';

/** The value behind a `slot:` reference; null when the adapter's workspace has none that opens. Each read is an entry. */
async function slotValue(deps: SecretsDeps, of: AdapterRef, { slot, which }: SlotRef): Promise<Buffer | null> {
  const { workspace_id, adapter_id } = of;
  const read = { workspace_id, slot, which, actor: 'adapterSync', purpose: `adapter/${adapter_id}` };
  try {
    return (await readControlSecret(deps, read)).value;
  } catch (error) {
    if (error instanceof SecretsError) return null;
    throw error;
  }
}

/** Of a process that runs no child adapters. */
const noChildren: AskChild = () => Promise.resolve({ kind: 'none', code: 'child_not_running' });

/** The record's commands about adapters, on one database. */
export const adapterPort = (deps: SecretsDeps, askChild: AskChild = noChildren): AdapterPort => ({
  askChild,
  look: (of, how) => lookAfterAdapter(deps.db, of, how),
  begin: (of, what) => beginSending(deps.db, of, what),
  answered: (answer) => recordAnswer(deps.db, answer),
  beginTrial: (of, trial) => beginTrial(deps.db, of, trial),
  tried: (of, trial, outcome) => recordTrial(deps.db, of, trial, outcome),
  keys: async (of, refs) => {
    const { keys, missing } = await readKeys(refs, (ref) => slotValue(deps, of, ref));
    return missing ? null : keys;
  },
});
