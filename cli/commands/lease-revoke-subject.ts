import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { revokedFacts, subjectPath } from '../leases.ts';
import type { RevokedAnswer } from '../leases.ts';

export const command = defineCommand({
  name: 'lease revoke-subject',
  about: 'End every lease of a subject, of whatever slot',
  operands: { subject: { about: 'the subject, as session:7' } },
  run: async ({ operands: { subject } }, { client, out }) => {
    const { body } = await client.post<RevokedAnswer>(subjectPath(subject, 'revoke-leases'), {});
    out.answer(body, () => out.facts(revokedFacts(body)));
    return EXIT.done;
  },
});
