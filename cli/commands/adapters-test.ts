import { adapterPath } from '../adapters.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface Trial {
  name: string;
  ok: boolean;
  latency_ms?: number | null;
  error?: string;
}

export const command = defineCommand({
  name: 'adapters test',
  about: 'Send an adapter a signed request that changes nothing',
  notes: 'Exit code 1 when it did not answer as it should.',
  operands: { name: { about: 'the name of the adapter' } },
  run: async ({ operands: { name } }, { client, out }) => {
    const { body } = await client.post<Trial>(adapterPath(name, '/test'), {});
    out.answer(body, () =>
      out.facts([
        ['ok', body.ok],
        ...(body.latency_ms == null ? [] : [['latency_ms', body.latency_ms] as const]),
        ...(body.error === undefined ? [] : [['error', body.error] as const]),
      ]),
    );
    return body.ok ? EXIT.done : EXIT.no;
  },
});
