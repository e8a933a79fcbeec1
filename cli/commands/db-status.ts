import { offlineSchema } from '../break-glass/schema.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'db status',
  about: 'Show how many migrations the database has, and how many there are',
  notes:
    'Exit code 0 at the head, 1 otherwise. With --database it needs no server: the head is then that of this command.',
  flags: { database: { kind: 'text', value: 'URL', about: 'ask this database itself' } },
  run: async ({ flags: { database } }, { client, out }) => {
    const schema =
      database === undefined
        ? (await client.get<{ schema: { version: number; head: number } }>('/v1/status')).body.schema
        : await offlineSchema(database);
    const { version, head } = schema;
    const state = version === head ? 'head' : version < head ? 'behind' : 'ahead';
    const facts = { version, head, state };
    out.answer(facts, () => out.facts(Object.entries(facts)));
    return version === head ? EXIT.done : EXIT.no;
  },
});
