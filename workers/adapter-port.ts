import type { AdapterPort } from '../activities/adapters/create-adapter-activities.ts';
import { recordAnswer, recordTrial } from '../db/command/acknowledge-adapter.ts';
import { beginSending, beginTrial, lookAfterAdapter } from '../db/command/adapter-requests.ts';
import { readControlSecret } from '../db/command/read-control-secret.ts';
import type { SecretsDeps } from '../db/command/set-secret.ts';
import { SecretsError } from '../db/secrets-error.ts';

/** The record's commands about adapters, on one database. */
export const adapterPort = (deps: SecretsDeps): AdapterPort => ({
  look: (of, how) => lookAfterAdapter(deps.db, of, how),
  begin: (of, what) => beginSending(deps.db, of, what),
  answered: (answer) => recordAnswer(deps.db, answer),
  beginTrial: (of, trial) => beginTrial(deps.db, of, trial),
  tried: (of, trial, outcome) => recordTrial(deps.db, of, trial, outcome),
  readSlot: async ({ workspace_id, adapter_id }, { slot, which }) => {
    const read = { workspace_id, slot, which, actor: 'adapterSync', purpose: `adapter/${adapter_id}` };
    try {
      return (await readControlSecret(deps, read)).value;
    } catch (error) {
      if (error instanceof SecretsError) return null;
      throw error;
    }
  },
});
