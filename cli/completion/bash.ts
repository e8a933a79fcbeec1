import type { Command, Flags } from '../command.ts';
import { GLOBAL_FLAGS } from '../global-flags.ts';

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const words = (list: readonly string[]): string => quote([...new Set(list)].join(' '));

/** A bash completion of the commands as they are; it calls nothing, so completing is instant. */
export function bashCompletion(commands: readonly Command[]): string {
  const prefixes = [...new Set(commands.flatMap(({ name }) => prefixesOf(name)))];
  return `_interlock() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} name= word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "\${name:+$name }$word" in
      ${prefixes.map(quote).join('|')}) name=\${name:+$name }$word ;;
    esac
  done
  local replies=
  case "$name:$prev" in
    *:--token-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
${valueCases(commands)}
    *)
      case "$name" in
${['', ...prefixes].map((prefix) => `        ${quote(prefix)}) replies=${words(repliesOf(commands, prefix))} ;;`).join('\n')}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$replies" -- "$cur"))
}
complete -o default -F _interlock interlock
`;
}

const prefixesOf = (name: string): string[] => {
  const parts = name.split(' ');
  return parts.map((_, i) => parts.slice(0, i + 1).join(' '));
};

function valueCases(commands: readonly Command[]): string {
  return commands
    .flatMap(({ name, flags = {} }) =>
      Object.entries(flags).flatMap(([flag, { values }]) =>
        values === undefined ? [] : [`    ${quote(`${name}:--${flag}`)}) replies=${words(values)} ;;`],
      ),
    )
    .join('\n');
}

/** What may follow a command's name, or the beginning of one: the next words, first operands, flags. */
function repliesOf(commands: readonly Command[], prefix: string): string[] {
  const depth = prefix === '' ? 0 : prefix.split(' ').length;
  const below = commands.filter(({ name }) => prefix === '' || name.startsWith(`${prefix} `));
  const command = commands.find(({ name }) => name === prefix);
  const flags: Flags = { ...command?.flags, ...GLOBAL_FLAGS };
  return [
    ...below.map(({ name }) => name.split(' ')[depth] ?? ''),
    ...Object.values(command?.operands ?? {}).flatMap(({ values = [] }) => values),
    ...Object.keys(flags).map((flag) => `--${flag}`),
  ];
}
