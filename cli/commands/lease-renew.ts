import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { leasePath } from '../leases.ts';

export const command = defineCommand({
  name: 'lease renew',
  about: 'Let a lease that is in force last longer',
  operands: { id: { about: 'the id of the lease, LSE-…' } },
  flags: { ttl: { kind: 'integer', value: 'SECONDS', about: 'from now, 1 to 86400; by default 900' } },
  run: async ({ operands: { id }, flags: { ttl } }, { client, out }) => {
    const asked = ttl === undefined ? {} : { ttl };
    const { body } = await client.post<{ lease_id: string; not_after: string }>(leasePath(id, '/renew'), asked);
    out.answer(body, () =>
      out.facts([
        ['lease_id', body.lease_id],
        ['not_after', body.not_after],
      ]),
    );
    return EXIT.done;
  },
});
