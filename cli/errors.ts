import type { Problem } from '../domain/problem/problem.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';

/** What ends a command. `code` is a word for scripts, the message a sentence for people. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly code: string;
  readonly exitCode: ExitCode;

  constructor(message: string, code: string, exitCode: ExitCode) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** The command line does not say what is meant; `command` is the one whose help explains it. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';
  readonly command: string | undefined;

  constructor(message: string, command?: string) {
    super(message, 'usage', EXIT.usage);
    this.command = command;
  }
}

/** The server did not answer; `reason` says why in a few words. */
export class UnreachableError extends CliError {
  override readonly name = 'UnreachableError';
  readonly reason: string;

  constructor(baseUrl: string, reason: string) {
    super(`the server at ${baseUrl} is unreachable: ${reason}`, 'unreachable', EXIT.unreachable);
    this.reason = reason;
  }
}

/** A problem as some server answers it: its code need not be one of ours. */
export type AnsweredProblem = Omit<Partial<Problem>, 'code'> & { error: string; code: string };

/** The server refused; `problem` is its answer. */
export class RefusedError extends CliError {
  override readonly name = 'RefusedError';
  readonly status: number;
  readonly problem: AnsweredProblem;

  constructor(status: number, problem: AnsweredProblem) {
    super(problem.error, problem.code, exitCodeOf(status, problem.code));
    this.status = status;
    this.problem = problem;
  }
}
