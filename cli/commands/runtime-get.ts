import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { showRuntime } from '../runtime.ts';
import type { RuntimeAnswer } from '../runtime.ts';

export const command = defineCommand({
  name: 'runtime get',
  about: 'Show what happens to approvals, and whether bodies are captured',
  run: async (_input, { client, out }) => {
    const { body } = await client.get<RuntimeAnswer>('/v1/runtime');
    out.answer(body, () => showRuntime(out, body));
    return EXIT.done;
  },
});
