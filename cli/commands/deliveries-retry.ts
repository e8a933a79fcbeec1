import { defineCommand } from '../command.ts';
import { deliveryPath } from '../deliveries.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'deliveries retry',
  about: 'Have a dead delivery sent again',
  operands: { id: { about: 'the id of the delivery' } },
  run: async ({ operands: { id } }, { client, out }) => {
    const { body } = await client.post<{ status: string }>(deliveryPath(id, '/retry'), {});
    out.answer(body, () => out.line(`${id} is sent again`));
    return EXIT.done;
  },
});
