import { SLOT_CLASSES } from '../../domain/secret/slot.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { secretValue, slotPath, writtenFacts } from '../secrets.ts';
import type { WrittenAnswer } from '../secrets.ts';

const NAME = 'secrets set';

export const command = defineCommand({
  name: NAME,
  about: 'Give a slot a new value; references keep the name, live leases of the slot end',
  notes: `The value comes from an environment variable or from a file, whose last line break is not part of it. A slot of class subject is
leased and closes with the vault; one of class control is read by workers only. The class never changes.`,
  operands: { slot: { about: 'the name of the slot' } },
  flags: {
    kind: { kind: 'text', about: 'what it is for, as openai; by default what it was' },
    class: { kind: 'text', values: SLOT_CLASSES, about: 'by default what it was, or subject' },
    'from-env': { kind: 'text', value: 'VARIABLE', about: 'the environment variable that holds the value' },
    'from-file': { kind: 'text', value: 'FILE', about: 'the file that holds the value' },
    stage: { kind: 'boolean', about: 'not in force yet: interlock rotate takes it from there' },
    value: { kind: 'text', about: 'refused: arguments show in ps' },
  },
  run: async ({ operands: { slot }, flags: { kind, class: slotClass, stage, ...sources } }, { client, out, env }) => {
    const value = await secretValue(sources, env, NAME);
    const asked = {
      value,
      ...(kind === undefined ? {} : { kind }),
      ...(slotClass === undefined ? {} : { class: slotClass }),
      ...(stage ? { staged: true } : {}),
    };
    const { body } = await client.put<WrittenAnswer>(slotPath(slot), asked);
    out.answer(body, () => out.facts(writtenFacts(body)));
    return EXIT.done;
  },
});
