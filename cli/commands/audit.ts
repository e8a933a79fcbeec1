import type { AuditAnswer } from '../answers.ts';
import { AUDIT_COLUMNS, writeCsv, writeJson } from '../audit.ts';
import type { Pages } from '../audit.ts';
import type { Answer, Client } from '../client.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { writeExtract } from '../extract.ts';
import { withProgress } from '../output/progress.ts';
import type { Stream } from '../output/output.ts';

const name = 'audit';

export const command = defineCommand({
  name,
  about: 'Who did what to what, newest first',
  notes:
    'A time is RFC 3339, or so long before now: 7d, 12h, 30m. With --json or --csv every entry is written, else the newest 1000.\nIn a CSV file text that a spreadsheet would take for a formula begins with an apostrophe.',
  flags: {
    since: { kind: 'text', value: 'TIME', about: 'entries from this time on, by default 7d' },
    until: { kind: 'text', value: 'TIME', about: 'entries before this time' },
    actor: { kind: 'text', value: 'WHO', about: 'only by whom was authenticated as this' },
    action: { kind: 'text', value: 'NAME', about: 'only this action' },
    entity: { kind: 'text', value: 'TYPE/ID', about: 'only about this, as incident/INC-…; an incident also by its id' },
    csv: { kind: 'boolean', about: 'write CSV' },
    out: { kind: 'text', value: 'FILE', about: 'write --json or --csv into this new file' },
  },
  run: async ({ flags }, { client, out }) => {
    const { since = '7d', until, actor, action, entity, csv, out: file } = flags;
    if (csv && out.json) throw new UsageError('--csv and --json are two formats', name);
    if (file !== undefined && !csv && !out.json) throw new UsageError('--out takes --csv or --json', name);
    const about = entity?.startsWith('INC-') === true ? `incident/${entity}` : entity;
    const query = { since, until, actor, action, entity: about };
    if (!csv && !out.json) {
      const { body, next } = await client.get<AuditAnswer[]>('/v1/audit', { query });
      out.table(body, AUDIT_COLUMNS, 'no entries');
      if (next !== undefined) out.note('there are more: --json or --csv writes them all');
      return EXIT.done;
    }
    const pages = allPages(client, query, out.progress);
    let count = 0;
    const digest = await writeExtract(out, file, name, async (sink) => {
      count = await (csv ? writeCsv : writeJson)(pages, sink);
    });
    if (digest !== undefined) out.note(`${count} entries in ${file}, SHA-256 ${digest}`);
    return EXIT.done;
  },
});

async function* allPages(
  client: Client,
  query: Record<string, string | undefined>,
  progress: Stream | undefined,
): Pages {
  let page: Answer<AuditAnswer[]> = await client.get('/v1/audit', { query });
  let count = page.body.length;
  yield page.body;
  while (page.next !== undefined) {
    page = await withProgress(progress, `reading, ${count} so far`, client.get<AuditAnswer[]>(page.next));
    count += page.body.length;
    yield page.body;
  }
}
