import { defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { ACCOUNT_OPERANDS, accountFacts, accountPath } from '../upstreams/account.ts';
import type { AccountAnswer } from '../upstreams/account.ts';
import { startCallbackServer } from '../upstreams/callback-server.ts';

type Begun = { authorization_url: string; not_after: string } | AccountAnswer;

const isBegun = (body: Begun): body is { authorization_url: string; not_after: string } =>
  typeof body['authorization_url'] === 'string';

/** A login ends after ten minutes on the server. */
const WITHIN_MS = 10 * 60_000;

export const command = defineCommand({
  name: 'upstream auth login',
  about: 'Log in to the OAuth account of an upstream',
  notes: `Prints where to go with a browser on this machine, and waits for the answer on a loopback port. The tokens are taken and kept
by the server; this command never sees them. An upstream with the grant client_credentials needs no browser.`,
  operands: ACCOUNT_OPERANDS,
  flags: {
    stage: { kind: 'boolean', about: 'a second login, not in force yet: interlock rotate takes it from there' },
  },
  run: async ({ operands: { name }, flags: { stage } }, { client, out }) => {
    const over = AbortSignal.timeout(WITHIN_MS);
    const server = await startCallbackServer(over);
    try {
      const asked = { redirect_uri: server.redirectUri, ...(stage ? { staged: true } : {}) };
      const { body } = await client.post<Begun>(accountPath(name, 'login'), asked);
      if (!isBegun(body)) {
        accountFacts(out, body);
        return EXIT.done;
      }
      out.note(`open in a browser on this machine: ${body.authorization_url}`);
      const answer = await server.answered;
      if (answer === null) throw new CliError('nobody came back from the login', 'login_expired', EXIT.no);
      accountFacts(out, (await client.post<AccountAnswer>(accountPath(name, 'callback'), answer)).body);
      return EXIT.done;
    } finally {
      await server.close();
    }
  },
});
