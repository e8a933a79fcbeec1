import { defineCommand } from '../command.ts';
import { deliveryPath } from '../deliveries.ts';
import type { DeliveryAnswer } from '../deliveries.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'deliveries show',
  about: 'Show one delivery, with what is sent',
  operands: { id: { about: 'the id of the delivery' } },
  run: async ({ operands: { id } }, { client, out }) => {
    const { body } = await client.get<DeliveryAnswer & { body: string }>(deliveryPath(id));
    out.answer(body, () =>
      out.facts([
        ['delivery', body.delivery_id],
        ['hook', body.hook],
        ['state', body.state],
        ['attempts', body.attempts],
        ['error', body.last_error ?? 'none'],
        ['created', body.created_at],
        ['next attempt', body.next_attempt_at ?? 'none'],
        ['body', body.body],
      ]),
    );
    return EXIT.done;
  },
});
