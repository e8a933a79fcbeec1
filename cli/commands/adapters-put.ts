import { adapterPath, adapterTable } from '../adapters.ts';
import type { AdapterAnswer } from '../adapters.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { jsonArgument } from '../json-argument.ts';

const NAME = 'adapters put';

export const command = defineCommand({
  name: NAME,
  about: 'Register an adapter, or change the one of this name',
  notes:
    'The definition is {mode: "external", url, actions, secret: {ref}} or {mode: "child_process", command, args, ' +
    'credential_slots: [{slot, env}], actions}; secrets are named by reference, never given.',
  operands: { name: { about: 'the name of the adapter' } },
  flags: { json: { kind: 'text', value: '@FILE', required: true, about: 'definition' } },
  run: async ({ operands: { name }, flags: { json } }, { client, out }) => {
    const definition = (await jsonArgument(json, 'definition', NAME)) as object;
    const { body } = await client.put<AdapterAnswer>(adapterPath(name), definition);
    out.answer(body, () => adapterTable(out, [body]));
    return EXIT.done;
  },
});
