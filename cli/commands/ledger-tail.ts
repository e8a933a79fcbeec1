import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { TAIL_HEAD, entriesFrom, lastFrom, tailLine } from '../ledger/tail-log.ts';

export const command = defineCommand({
  name: 'ledger tail',
  about: 'Show the last entries of the log, or all from an index on',
  notes: `Shows the entries of the workspace as the server tells them; ledger verify and ledger proof are what proves them. With
--json each entry is one line.`,
  flags: {
    from: { kind: 'integer', about: 'the index to begin with; else 20 entries before the end' },
    follow: { kind: 'boolean', about: 'go on with the entries to come' },
  },
  run: async ({ flags: { from, follow } }, { client, out }) => {
    const start = from ?? (await lastFrom(client));
    if (!out.json) out.line(TAIL_HEAD);
    for await (const page of entriesFrom(client, start, follow))
      for (const item of page) out.line(out.json ? JSON.stringify(item) : tailLine(item));
    return EXIT.done;
  },
});
