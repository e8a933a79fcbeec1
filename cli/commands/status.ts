import { defineCommand } from '../command.ts';
import { CliError, UnreachableError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { clientPart, registryOf } from '../status/client-part.ts';
import { serverPart } from '../status/server-part.ts';

export const command = defineCommand({
  name: 'status',
  about: 'Show what this client and the server know of themselves',
  notes: 'With the server down it prints its own part and exits with 7.',
  run: async (_input, { client, out, env }) => {
    const own = clientPart(client, env);
    try {
      const { body } = await client.get<Record<string, unknown>>('/v1/status');
      out.answer({ client: Object.fromEntries(own), ...body }, () =>
        out.facts([...registryOf(own, body), ...serverPart(body)]),
      );
      return EXIT.done;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      const reason = error instanceof UnreachableError ? error.reason : error.code;
      const server = `${error.exitCode === EXIT.unreachable ? 'unreachable' : 'refused'} (${reason})`;
      out.answer({ client: Object.fromEntries(own), server }, () => out.facts([...own, ['server', server]]));
      return error.exitCode;
    }
  },
});
