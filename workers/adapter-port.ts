import type { AdapterPort } from '../activities/adapters/create-adapter-activities.ts';
import type { CapturePoint } from '../db/capture-point.ts';
import { recordAnswer, recordTrial } from '../db/command/acknowledge-adapter.ts';
import { beginSending, beginTrial, lookAfterAdapter } from '../db/command/adapter-requests.ts';
import { readControlSecret } from '../db/command/read-control-secret.ts';
import type { SecretsDeps } from '../db/command/set-secret.ts';
import { SecretsError } from '../db/secrets-error.ts';
import { StrictJsonError } from '../domain/json/error.ts';
import { parseStrictJson } from '../domain/json/strict-json.ts';

/** The record's commands about adapters, on one database. */
export const adapterPort = (deps: SecretsDeps, captures: Pick<CapturePoint, 'watches' | 'offer'>): AdapterPort => ({
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
      response: () => ({ value: readJson(reply?.body ?? ''), bytes: Buffer.byteLength(reply?.body ?? '') }),
      actor: 'adapterSync',
      on_behalf_of: null,
    });
  },
});

/** Undefined for what is not JSON: what cannot be read cannot be redacted either. */
function readJson(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (error) {
    if (error instanceof StrictJsonError) return undefined;
    throw error;
  }
}
