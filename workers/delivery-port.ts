import type { DeliveryPort } from '../activities/deliveries/create-delivery-activities.ts';
import { readKeys } from '../config/secret-value.ts';
import { beginDelivery, lookAfterDelivery, settleDelivery } from '../db/command/deliveries.ts';
import type { SecretsDeps } from '../db/command/set-secret.ts';
import { readBody } from './captures/read-body.ts';
import { slotValue } from './slot-value.ts';
import type { Captures } from './upstreams/hear.ts';

/** Hooks belong to the instance, whose slots are those of its first workspace. */
const SLOTS_OF = 'default';

/** The record's commands about deliveries, on one database. */
const noCaptures: Captures = { watches: () => false, offer: () => undefined };

export const deliveryPort = (deps: SecretsDeps, captures = noCaptures): DeliveryPort => ({
  look: (of) => lookAfterDelivery(deps.db, of),
  begin: (of) => beginDelivery(deps.db, of),
  settled: (of, attempt, outcome) => settleDelivery(deps.db, of, attempt, outcome),
  keys: async ({ delivery_id }, refs) => {
    const { keys, missing } = await readKeys(refs, ({ slot, which }) =>
      slotValue(deps, { workspace_id: SLOTS_OF, slot, which, actor: 'delivery', purpose: `delivery/${delivery_id}` }),
    );
    return missing ? null : keys;
  },
  exchanged: ({ workspace_id, delivery_id }, { hook, url, request, reply, failure }) => {
    if (!captures.watches(workspace_id)) return;
    captures.offer({
      workspace_id,
      source: 'upstream',
      method: 'POST',
      path_template: `hook/${hook}`,
      // Of some receivers the path is the credential.
      target: new URL(url).origin,
      status: reply?.status ?? null,
      failure,
      request: () => ({ value: readBody(request), bytes: Buffer.byteLength(request) }),
      response: () => ({ value: readBody(reply?.body ?? ''), bytes: Buffer.byteLength(reply?.body ?? '') }),
      actor: 'delivery',
      on_behalf_of: `delivery/${delivery_id}`,
    });
  },
});
