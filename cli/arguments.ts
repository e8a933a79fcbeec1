import { parseArgs } from 'node:util';
import { isPrefix } from './commands.ts';
import type { Command, Flag, Flags } from './command.ts';
import { UsageError } from './errors.ts';
import { GLOBAL_FLAGS } from './global-flags.ts';

export type Values = Record<string, string | number | boolean | undefined>;

/** A command line: the words that name a command, the global flags among them, and what comes behind. */
export interface Split {
  words: string[];
  flags: string[];
  rest: string[];
}

/** Takes the command's words from the front, stepping over global flags; the longest name wins. */
export function splitCommand(commands: readonly Command[], argv: readonly string[]): Split {
  const words: string[] = [];
  const flags: string[] = [];
  let i = 0;
  while (i < argv.length) {
    const arg = argv[i] ?? '';
    const length = globalFlagLength(arg);
    if (length > 0) flags.push(...argv.slice(i, i + length));
    else if (isPrefix(commands, [...words, arg])) words.push(arg);
    else break;
    i += Math.max(length, 1);
  }
  return { words, flags, rest: argv.slice(i) };
}

/** How many arguments a global flag takes up, itself included; 0 for anything else. */
function globalFlagLength(arg: string): number {
  if (arg === '-h') return 1;
  const [name = '', value] = arg.replace(/^--/, '').split('=', 2);
  const flag = arg.startsWith('--') ? (GLOBAL_FLAGS as Flags)[name] : undefined;
  if (flag === undefined) return 0;
  return flag.kind === 'boolean' || value !== undefined ? 1 : 2;
}

/** Whether the help is asked for; behind `--` there are only operands. */
export function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

/** Operands and flags of a command, checked against what it declares. Errors: UsageError. */
export function readArguments(
  command: Command,
  args: readonly string[],
): { operands: Values; flags: Values; global: Values } {
  const flags: Flags = { ...GLOBAL_FLAGS, ...command.flags };
  const { values, positionals } = parse(command, flags, args);
  const own = Object.keys(command.flags ?? {});
  const read = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, flagValue(command, name, flag, values[name])]),
  );
  const pick = (names: string[]) => Object.fromEntries(names.map((name) => [name, read[name]]));
  return { operands: readOperands(command, positionals), flags: pick(own), global: pick(Object.keys(GLOBAL_FLAGS)) };
}

function parse(command: Command, flags: Flags, args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [
      name,
      { type: flag.kind === 'boolean' ? ('boolean' as const) : ('string' as const), multiple: true as const },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    if (!String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')) throw error;
    // Only the first sentence: the others explain Node's way of quoting.
    throw new UsageError((error as Error).message.split(/[.\n] /)[0] ?? 'the arguments are not valid', command.name);
  }
}

function flagValue(command: Command, name: string, flag: Flag, given: unknown): Values[string] {
  const all = (given ?? []) as (string | boolean)[];
  if (flag.kind === 'boolean') return all.length > 0;
  if (all.length > 1) throw new UsageError(`--${name} is given twice`, command.name);
  const value = all[0] as string | undefined;
  if (value === undefined) {
    if (flag.required) throw new UsageError(`--${name} is missing`, command.name);
    return undefined;
  }
  requireKnown(command, `--${name}`, flag.values, value);
  if (flag.kind === 'text') return value;
  if (!/^\d{1,15}$/.test(value)) throw new UsageError(`--${name} takes a whole number`, command.name);
  return Number(value);
}

function readOperands(command: Command, positionals: string[]): Values {
  const declared = Object.entries(command.operands ?? {});
  const [extra] = positionals.slice(declared.length);
  if (extra !== undefined) throw new UsageError(`unexpected argument '${extra}'`, command.name);
  return Object.fromEntries(
    declared.map(([name, operand], i) => {
      const value = positionals[i];
      if (value === undefined && operand.optional !== true)
        throw new UsageError(`${name.toUpperCase()} is missing`, command.name);
      if (value !== undefined) requireKnown(command, name.toUpperCase(), operand.values, value);
      return [name, value];
    }),
  );
}

function requireKnown(command: Command, what: string, values: readonly string[] | undefined, value: string): void {
  if (values !== undefined && !values.includes(value))
    throw new UsageError(`${what} is one of ${values.join(', ')}`, command.name);
}
