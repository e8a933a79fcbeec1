import { defineCommand } from '../command.ts';
import { deliveryPath } from '../deliveries.ts';
import type { DeliveryAnswer } from '../deliveries.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'deliveries list',
  about: 'List what was sent to hooks, is on its way, or is dead; newest first',
  flags: { state: { kind: 'text', value: 'STATE', about: 'only pending, delivered or dead ones' } },
  run: async ({ flags: { state } }, { client, out }) => {
    const query = state === undefined ? '' : `?state=${encodeURIComponent(state)}`;
    const { body } = await client.get<DeliveryAnswer[]>(`${deliveryPath()}${query}`);
    out.answer(body, () =>
      out.table(
        body,
        [
          { head: 'DELIVERY', cell: (d) => d.delivery_id },
          { head: 'HOOK', cell: (d) => d.hook },
          { head: 'STATE', cell: (d) => d.state },
          { head: 'ATTEMPTS', cell: (d) => d.attempts },
          { head: 'CREATED', cell: (d) => d.created_at },
          { head: 'ERROR', cell: (d) => d.last_error },
        ],
        'there is no delivery',
      ),
    );
    return EXIT.done;
  },
});
