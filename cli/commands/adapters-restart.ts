import { adapterPath } from '../adapters.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'adapters restart',
  about: 'Have an adapter that is a child process run anew, under a new lease',
  operands: { name: { about: 'the name of the adapter' } },
  run: async ({ operands: { name } }, { client, out }) => {
    const { body } = await client.post<{ status: string; version: number }>(adapterPath(name, '/restart'), {});
    out.answer(body, () => out.line(`${name} is restarted (version ${body.version})`));
    return EXIT.done;
  },
});
