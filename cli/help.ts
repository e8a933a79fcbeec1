import type { Command, Flag, Flags } from './command.ts';
import { GLOBAL_FLAGS } from './global-flags.ts';

/** `interlock gates check GATE [TARGET] [flags]` */
export function usageLine({ name, operands = {}, flags = {} }: Command): string {
  const words = Object.entries(operands).map(([operand, { optional }]) =>
    optional ? `[${operand.toUpperCase()}]` : operand.toUpperCase(),
  );
  const required = Object.entries(flags).flatMap(([flag, f]) => (f.required ? [`--${flag} ${valueName(f)}`] : []));
  return ['interlock', name, ...words, ...required, '[flags]'].join(' ');
}

const valueName = (flag: Flag): string => flag.value ?? (flag.kind === 'integer' ? 'N' : 'TEXT');

export function commandHelp(command: Command): string {
  const { operands = {}, flags = {} } = command;
  const described = Object.entries(operands).map(([name, o]): [string, string] => [
    name.toUpperCase(),
    withValues(o.about, o.values),
  ]);
  return [
    `${command.about}.`,
    ...(command.notes === undefined ? [] : ['', command.notes]),
    '',
    `Usage: ${usageLine(command)}`,
    ...section('Arguments', described),
    ...section('Flags', flagRows(flags)),
    ...section('Global flags', flagRows(GLOBAL_FLAGS)),
  ].join('\n');
}

/** Every command whose name begins with `words`. */
export function overview(commands: readonly Command[], words: readonly string[]): string {
  const listed = commands.filter(({ name }) => words.every((word, i) => name.split(' ')[i] === word));
  const usage = ['Usage: interlock', ...words, 'COMMAND [flags]'].join(' ');
  return [
    usage,
    ...section(
      'Commands',
      listed.map(({ name, about }) => [name, about]),
    ),
    ...section('Global flags', flagRows(GLOBAL_FLAGS)),
    '',
    'Exit codes: 0 yes or done, 1 no, 2 usage, 3 pending, 4 blocked, 5 rejected, 6 not permitted, 7 unreachable.',
  ].join('\n');
}

const flagRows = (flags: Flags): [string, string][] =>
  Object.entries(flags).map(([name, flag]) => [
    flag.kind === 'boolean' ? `--${name}` : `--${name} ${valueName(flag)}`,
    withValues(flag.about, flag.values) + (flag.required ? ' (required)' : ''),
  ]);

const withValues = (about: string, values: readonly string[] | undefined): string =>
  values === undefined ? about : `${about}: ${values.join(', ')}`;

function section(title: string, rows: [string, string][]): string[] {
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([left]) => left.length));
  return ['', `${title}:`, ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)];
}
