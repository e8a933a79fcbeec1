import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { LEASE_COLUMNS, subjectPath } from '../leases.ts';
import type { LeaseAnswer } from '../leases.ts';

interface SubjectAnswer {
  subject: string;
  live_leases: number;
  revoked_at: string | null;
  revoked_by: string | null;
  leases: LeaseAnswer[];
}

export const command = defineCommand({
  name: 'lease subject',
  about: 'Show a subject with its leases, the one that ends last first',
  operands: { subject: { about: 'the subject, as connector:ops-webhook' } },
  flags: { limit: { kind: 'integer', about: 'at most so many leases, 1 to 1000' } },
  run: async ({ operands: { subject }, flags: { limit } }, { client, out }) => {
    const { body, next } = await client.get<SubjectAnswer>(subjectPath(subject, 'leases'), { query: { limit } });
    out.answer(body, () => {
      out.facts([
        ['subject', body.subject],
        ['live_leases', body.live_leases],
        ['revoked_at', body.revoked_at],
      ]);
      out.table(body.leases, LEASE_COLUMNS, 'no leases');
    });
    if (next !== undefined && limit === undefined) out.note('there are more, of which none ends later');
    return EXIT.done;
  },
});
