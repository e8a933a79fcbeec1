import type { Client } from './client.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output/output.ts';

interface Described {
  about: string;
  /** Values that the shell completes and that nothing else is taken for. */
  values?: readonly string[];
}

export interface Operand extends Described {
  optional?: true;
}

export interface Flag extends Described {
  kind: 'text' | 'integer' | 'boolean';
  /** What stands for the value in the help: `ID`, `FILE`. */
  value?: string;
  required?: true;
}

export type Operands = Readonly<Record<string, Operand>>;
export type Flags = Readonly<Record<string, Flag>>;

type FlagValue<F extends Flag> = F['kind'] extends 'boolean' ? boolean : F['kind'] extends 'integer' ? number : string;

export type OperandValues<O extends Operands> = {
  [K in keyof O]: O[K] extends { optional: true } ? string | undefined : string;
};
export type FlagValues<F extends Flags> = {
  [K in keyof F]: F[K] extends { kind: 'boolean' } | { required: true } ? FlagValue<F[K]> : FlagValue<F[K]> | undefined;
};

/** What a command works with; nothing else of the process is its business. */
export interface Session {
  client: Client;
  /** The workspace that was asked for by name. */
  workspace: string | undefined;
  out: Output;
  env: Readonly<Record<string, string | undefined>>;
  /** The global flags that were given, as they would be typed again. */
  globals: readonly string[];
  /** Asks a person at the terminal and returns the line typed; undefined where nobody can answer, and under --json. */
  ask: ((question: string) => Promise<string>) | undefined;
}

export interface Input<O extends Operands, F extends Flags> {
  operands: OperandValues<O>;
  flags: FlagValues<F>;
}

/** A command as its file declares it; the name is the words that call it. */
export interface CommandOf<O extends Operands, F extends Flags> {
  name: string;
  about: string;
  /** More than one line of help, where the exit code or the effect needs a word. */
  notes?: string;
  operands?: O;
  flags?: F;
  run: (input: Input<O, F>, session: Session) => Promise<ExitCode>;
}

export interface Command extends Omit<CommandOf<Operands, Flags>, 'run'> {
  run: (
    input: { operands: Record<string, never>; flags: Record<string, never> },
    session: Session,
  ) => Promise<ExitCode>;
}

/** A command that takes no operands, or no flags. */
type None = Readonly<Record<string, never>>;

/** Gives `run` the types of the operands and flags that stand beside it. */
export const defineCommand = <const O extends Operands = None, const F extends Flags = None>(
  command: CommandOf<O, F>,
): CommandOf<O, F> => command;
