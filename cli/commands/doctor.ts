import type { Finding } from '../../domain/doctor/finding.ts';
import { defineCommand } from '../command.ts';
import { runClientChecks } from '../doctor/run-checks.ts';
import { FINDING_COLUMNS } from '../doctor/table.ts';
import { CliError, UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'doctor',
  about: 'Look at everything that has to work, from the server and from here',
  notes: `Fails closed: a check that cannot run has failed. Exit code 0 when all is well, 1 when something is not. From here it looks
through whatever proxy stands before the server: readiness, the event stream, browser origins, the clock. --cors-origin has
a preflight of that origin answered; --only components leaves out everything but the parts of the installation.`,
  flags: {
    'cors-origin': { kind: 'text', value: 'ORIGIN', about: 'a browser origin that has to be let in' },
    only: { kind: 'text', values: ['components'], about: 'the parts of the installation alone' },
  },
  run: async ({ flags }, { client, out }) => {
    const corsOrigin = readOrigin(flags['cors-origin']);
    const [server, own] = await Promise.all([
      client
        .get<{ checks: Finding[] }>('/v1/doctor', { query: { only: flags.only } })
        .then(({ body }) => body.checks, unanswered),
      flags.only === undefined ? runClientChecks(client, { corsOrigin }) : [],
    ]);
    const checks = [...server, ...own];
    const failed = checks.filter((check) => !check.ok).length;
    out.answer({ ok: failed === 0, checks }, () => {
      out.table(checks, FINDING_COLUMNS, 'nothing was checked');
      out.line(failed === 0 ? 'all is well' : `${failed} of ${checks.length} failed`);
    });
    return failed === 0 ? EXIT.done : EXIT.no;
  },
});

/** That the server cannot be asked is what was found. */
function unanswered(error: unknown): Finding[] {
  if (!(error instanceof CliError)) throw error;
  return [{ name: 'server', ok: false, code: error.code, detail: error.message, component: true }];
}

function readOrigin(text: string | undefined): string | undefined {
  if (text !== undefined && URL.parse(text)?.origin !== text)
    throw new UsageError('--cors-origin takes scheme, host and port: https://console.example', 'doctor');
  return text;
}
