import { readArguments, splitCommand, wantsHelp } from './arguments.ts';
import type { Split, Values } from './arguments.ts';
import { loadCommands } from './commands.ts';
import type { Command } from './command.ts';
import { UsageError } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { commandHelp, overview } from './help.ts';
import { createOutput } from './output/output.ts';
import type { Stream } from './output/output.ts';
import { askOnTerminal } from './output/ask.ts';
import { reportError } from './report-error.ts';
import { openClient } from './session.ts';

export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  stdout: Stream;
  stderr: Stream;
  /** Where a person sits at the terminal. */
  ask?: (question: string) => Promise<string>;
}

/** Runs one command line; returns its exit code. */
export async function main(argv: readonly string[], { env, stdout, stderr, ask }: Surroundings): Promise<ExitCode> {
  const json = argv.includes('--json');
  const commands = await loadCommands();
  const split = splitCommand(commands, argv);
  const { words } = split;
  const args = [...split.flags, ...split.rest];
  const command = commands.find(({ name }) => name === words.join(' '));
  try {
    if (wantsHelp(args)) {
      stdout.write(`${command === undefined ? overview(commands, words) : commandHelp(command)}\n`);
      return EXIT.done;
    }
    if (command === undefined) return unknownCommand(commands, split, stderr);
    const { operands, flags, global } = readArguments(command, args);
    const out = createOutput(stdout, stderr, global['json'] === true);
    const input = { operands, flags } as Parameters<Command['run']>[0];
    return await command.run(input, {
      client: await openClient(global, env),
      workspace: global['workspace'] as string | undefined,
      out,
      env,
      globals: typedAgain(global),
      ask: out.json ? undefined : ask,
    });
  } catch (error) {
    return reportError(error, createOutput(stdout, stderr, json));
  }
}

const typedAgain = (global: Values): string[] =>
  ['base-url', 'token-file', 'workspace'].flatMap((name) => {
    const value = global[name];
    return typeof value === 'string' ? [`--${name}`, value] : [];
  });

function unknownCommand(commands: Command[], { words, rest: [stray] }: Split, stderr: Stream): ExitCode {
  const group = words.length === 0 ? undefined : words.join(' ');
  if (stray?.startsWith('-')) throw new UsageError(`Unknown option '${stray}'`, group);
  if (stray !== undefined) throw new UsageError(`there is no command '${[...words, stray].join(' ')}'`, group);
  stderr.write(`${overview(commands, words)}\n`);
  return EXIT.usage;
}

if (import.meta.main) {
  // A reader that closes the pipe early, as head does, has what it wanted.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const { env, stdin, stdout, stderr } = process;
  const watched = stdin.isTTY && stdout.isTTY && stderr.isTTY;
  process.exitCode = await main(process.argv.slice(2), {
    env,
    stdout,
    stderr,
    ...(watched ? { ask: askOnTerminal } : {}),
  });
}
