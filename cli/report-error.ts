import { CliError, RefusedError, UsageError } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output/output.ts';

/** Says what ended a command: one sentence with its code, then what is wrong in particular. Returns the exit code. */
export function reportError(error: unknown, out: Output): ExitCode {
  if (!(error instanceof CliError)) {
    out.note(`error: ${(error as Error | undefined)?.message ?? 'unknown'} (internal)`);
    return EXIT.no;
  }
  if (error instanceof RefusedError && out.json) out.answer(error.problem, () => undefined);
  out.note(`error: ${error.message} (${error.code})`);
  if (error instanceof UsageError)
    out.note(`help: interlock ${error.command === undefined ? '' : `${error.command} `}--help`);
  if (error instanceof RefusedError) for (const line of particulars(error)) out.note(line);
  return error.exitCode;
}

function particulars({ problem }: RefusedError): string[] {
  const { fields = [], missing = [], claims = [] } = problem;
  return [
    ...fields.map(({ path, code }) => `  ${path === '' ? 'body' : path}: ${code}`),
    ...(missing.length === 0 ? [] : [`  missing: ${missing.join(', ')}`]),
    ...claims.map((claim) => `  failed: ${typeof claim === 'string' ? claim : JSON.stringify(claim)}`),
  ];
}
