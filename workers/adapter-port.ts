import type { AdapterPort, AskChild } from '../activities/adapters/create-adapter-activities.ts';
import { readKeys } from '../config/secret-value.ts';
import { recordAnswer, recordTrial } from '../db/command/acknowledge-adapter.ts';
import { beginSending, beginTrial, lookAfterAdapter } from '../db/command/adapter-requests.ts';
import type { SecretsDeps } from '../db/command/set-secret.ts';
import { slotValue } from './slot-value.ts';

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
  keys: async ({ workspace_id, adapter_id }, refs) => {
    const { keys, missing } = await readKeys(refs, ({ slot, which }) =>
      slotValue(deps, { workspace_id, slot, which, actor: 'adapterSync', purpose: `adapter/${adapter_id}` }),
    );
    return missing ? null : keys;
  },
});
