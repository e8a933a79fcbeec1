import type { AdapterPort, AskChild } from '../activities/adapters/create-adapter-activities.ts';
import type { CapturePoint } from '../db/capture-point.ts';
import { readKeys } from '../config/secret-value.ts';
import { recordAnswer, recordTrial } from '../db/command/acknowledge-adapter.ts';
import { beginSending, beginTrial, lookAfterAdapter } from '../db/command/adapter-requests.ts';
import type { SecretsDeps } from '../db/command/set-secret.ts';
import { readBody } from './captures/read-body.ts';
import { slotValue } from './slot-value.ts';

/** Of a process that runs no child adapters. */
const noChildren: AskChild = () => Promise.resolve({ kind: 'none', code: 'child_not_running' });

const noCaptures = { watches: () => false, offer: () => undefined };

/** The record's commands about adapters, on one database. */
export const adapterPort = (
  deps: SecretsDeps,
  askChild: AskChild = noChildren,
  captures: Pick<CapturePoint, 'watches' | 'offer'> = noCaptures,
): AdapterPort => ({
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
  exchanged: ({ workspace_id, adapter_id }, { url, request, reply, failure }) => {
    if (!captures.watches(workspace_id)) return;
    captures.offer({
      workspace_id,
      source: 'adapter',
      method: 'POST',
      path_template: `adapter/${adapter_id}`,
      target: url,
      status: reply?.status ?? null,
      failure,
      request: () => ({ value: request, bytes: Buffer.byteLength(JSON.stringify(request)) }),
      response: () => ({ value: readBody(reply?.body ?? ''), bytes: Buffer.byteLength(reply?.body ?? '') }),
      actor: 'adapterSync',
      on_behalf_of: null,
    });
  },
});
