import type { IncidentAnswer, TimelineLine } from '../answers.ts';
import type { Answer } from '../client.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';
import { timelineColumns, timelineMarkdown } from '../timeline.ts';

const name = 'timeline';

export const command = defineCommand({
  name,
  about: 'What happened to an incident: when, by whom, with which effect, as the ledger has it',
  notes: 'Times are UTC. Entries are written once: a later timeline is longer, never other.',
  operands: { id: { about: 'the id of the incident, INC-…' } },
  flags: { markdown: { kind: 'boolean', about: 'write Markdown, for a postmortem' } },
  run: async ({ operands: { id }, flags: { markdown } }, { client, out }) => {
    if (markdown && out.json) throw new UsageError('--markdown and --json are two formats', name);
    const path = `/v1/incidents/${encodeURIComponent(id)}/timeline`;
    let page: Answer<TimelineLine[]> = await client.get(path);
    const lines = [...page.body];
    while (page.next !== undefined) {
      page = await withProgress(out.progress, `reading, ${lines.length} so far`, client.get(page.next));
      lines.push(...page.body);
    }
    if (markdown) {
      const { body } = await client.get<IncidentAnswer>('/api/v1/incidents/get', { query: { id } });
      out.text(timelineMarkdown(body, lines));
    } else out.answer(lines, () => out.table(lines, timelineColumns(id), 'no entries in the log yet'));
    return EXIT.done;
  },
});
