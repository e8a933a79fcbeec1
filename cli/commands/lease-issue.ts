import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface IssuedAnswer {
  lease_id: string;
  slot: string;
  subject: string;
  not_after: string;
  secret: string;
}

export const command = defineCommand({
  name: 'lease issue',
  about: 'Let a subject read a slot for a while',
  notes: 'The secret of the lease is said this once: its holder presents it as bearer to POST /v1/leases/<id>/read.',
  operands: { slot: { about: 'the name of the slot' } },
  flags: {
    subject: { kind: 'text', required: true, about: 'who reads, as session:7' },
    ttl: { kind: 'integer', value: 'SECONDS', about: 'until it ends, 1 to 86400; by default 900' },
  },
  run: async ({ operands: { slot }, flags: { subject, ttl } }, { client, out }) => {
    const { body } = await client.post<IssuedAnswer>('/v1/leases', {
      slot,
      subject,
      ...(ttl === undefined ? {} : { ttl }),
    });
    out.answer(body, () =>
      out.facts([
        ['lease_id', body.lease_id],
        ['slot', body.slot],
        ['subject', body.subject],
        ['not_after', body.not_after],
        ['secret', body.secret],
      ]),
    );
    return EXIT.done;
  },
});
