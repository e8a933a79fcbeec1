import type { DeliveryPort } from '../activities/deliveries/create-delivery-activities.ts';
import { readKeys } from '../config/secret-value.ts';
import { beginDelivery, lookAfterDelivery, settleDelivery } from '../db/command/deliveries.ts';
import type { SecretsDeps } from '../db/command/set-secret.ts';
import { slotValue } from './slot-value.ts';

/** Hooks belong to the instance, whose slots are those of its first workspace. */
const SLOTS_OF = 'default';

/** The record's commands about deliveries, on one database. */
export const deliveryPort = (deps: SecretsDeps): DeliveryPort => ({
  look: (of) => lookAfterDelivery(deps.db, of),
  begin: (of) => beginDelivery(deps.db, of),
  settled: (of, attempt, outcome) => settleDelivery(deps.db, of, attempt, outcome),
  keys: async ({ delivery_id }, refs) => {
    const { keys, missing } = await readKeys(refs, ({ slot, which }) =>
      slotValue(deps, { workspace_id: SLOTS_OF, slot, which, actor: 'delivery', purpose: `delivery/${delivery_id}` }),
    );
    return missing ? null : keys;
  },
});
