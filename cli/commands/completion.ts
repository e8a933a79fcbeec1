import { defineCommand } from '../command.ts';
import { loadCommands } from '../commands.ts';
import { bashCompletion } from '../completion/bash.ts';
import { EXIT } from '../exit-codes.ts';

const SHELLS = ['bash', 'zsh'] as const;

export const command = defineCommand({
  name: 'completion',
  about: 'Print the completion of a shell',
  notes: 'eval "$(interlock completion bash)" puts it into force.',
  operands: { shell: { about: 'which shell', values: SHELLS } },
  run: async ({ operands: { shell } }, { out }) => {
    const script = bashCompletion(await loadCommands());
    // zsh runs completions of bash.
    out.text(shell === 'zsh' ? `autoload -U +X bashcompinit && bashcompinit\n${script}` : script);
    return EXIT.done;
  },
});
