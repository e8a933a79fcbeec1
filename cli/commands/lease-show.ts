import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { leasePath } from '../leases.ts';
import type { LeaseAnswer } from '../leases.ts';

export const command = defineCommand({
  name: 'lease show',
  about: 'Show one lease; exit code 1 when it is not in force',
  operands: { id: { about: 'the id of the lease, LSE-…' } },
  run: async ({ operands: { id } }, { client, out }) => {
    const { body } = await client.get<LeaseAnswer>(leasePath(id));
    out.answer(body, () =>
      out.facts([
        ['lease_id', body.lease_id],
        ['slot', body.slot],
        ['subject', body.subject],
        ['state', body.state],
        ...(body.revoked_by === undefined ? [] : [['revoked_by', body.revoked_by] as const]),
        ['issued_at', body.issued_at],
        ['issued_by', body.issued_by],
        ['renewed_at', body.renewed_at],
        ['not_after', body.not_after],
      ]),
    );
    return body.state === 'active' ? EXIT.done : EXIT.no;
  },
});
