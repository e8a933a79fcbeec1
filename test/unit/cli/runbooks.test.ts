import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadOperations } from '../../../api/openapi/operations.ts';
import { readArguments, splitCommand } from '../../../cli/arguments.ts';
import { loadChecklists } from '../../../config/checklist-files.ts';
import { loadCommands } from '../../../cli/commands.ts';

const text = globSync('docs/runbooks/*.md')
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

/** The commands of the shell blocks, continued lines joined, comments gone. */
const lines = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
  block
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .flatMap((line) => line.replace(/\s+#.*$/, '').split(' && ')),
);

/** Words of a line as a shell would see them, as far as runbooks quote. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');

/** The checklists whose every command is one of ours. */
const CHECKLISTS = ['debug-left-on'];

describe('the commands of the checklists', () => {
  it.each(CHECKLISTS)('S1-113 of %s are commands, with flags and operands they take', async (name) => {
    const commands = await loadCommands();
    const typed =
      loadChecklists()
        .get(name)
        ?.steps.flatMap(({ command }) => command ?? []) ?? [];
    expect(typed.length).toBeGreaterThan(4);
    for (const line of typed) {
      const split = splitCommand(commands, words(line).slice(1));
      const command = commands.find(({ name: known }) => known === split.words.join(' '));
      expect(() => readArguments(command!, [...split.flags, ...split.rest]), line).not.toThrow();
    }
  });
});

describe('the commands of the runbooks', () => {
  it('S4-32 are commands, with flags and operands they take', async () => {
    const commands = await loadCommands();
    const printed = lines.filter((line) => line.startsWith('interlock '));
    expect(printed.length).toBeGreaterThan(20);
    for (const line of printed) {
      const split = splitCommand(commands, words(line).slice(1));
      const command = commands.find(({ name }) => name === split.words.join(' '));
      expect(command, line).toBeDefined();
      expect(() => readArguments(command!, [...split.flags, ...split.rest]), line).not.toThrow();
    }
  });

  it('S4-32 call paths that are served', async () => {
    const served = new Set((await loadOperations()).map(({ method, path }) => `${method} ${path}`));
    const called = lines
      .filter((line) => line.includes('curl ') && line.includes('$API'))
      .map((line) => `${line.includes('-X POST') ? 'POST' : 'GET'} ${/\$API([^"?\s]*)/.exec(line)?.[1] ?? ''}`);
    expect(called.length).toBeGreaterThan(10);
    expect(called.filter((call) => !served.has(call))).toEqual([]);
  });
});
