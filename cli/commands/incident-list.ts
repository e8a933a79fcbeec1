import { CLASSES, SEVERITIES } from '../../domain/containment/types.ts';
import { INCIDENT_STATES } from '../../domain/incident/types.ts';
import type { IncidentAnswer } from '../answers.ts';
import type { Answer } from '../client.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { INCIDENT_COLUMNS } from '../incidents.ts';
import { withProgress } from '../output/progress.ts';

export const command = defineCommand({
  name: 'incident list',
  about: 'List incidents, highest severity first, then newest',
  notes: 'State contained lists everything that waits for recovery. Without --all at most 1000 are listed.',
  flags: {
    state: { kind: 'text', values: INCIDENT_STATES, about: 'only this state' },
    class: { kind: 'text', values: CLASSES, about: 'only this class' },
    severity: { kind: 'text', values: SEVERITIES, about: 'only this severity' },
    limit: { kind: 'integer', about: 'at most so many, 1 to 1000' },
    all: { kind: 'boolean', about: 'every page' },
  },
  run: async ({ flags }, { client, out }) => {
    const { state, class: cls, severity, limit, all } = flags;
    const query = { state, class: cls, severity, limit };
    const listed: IncidentAnswer[] = [];
    let page: Answer<IncidentAnswer[]> = await client.get('/api/v1/incidents', { query });
    listed.push(...page.body);
    while (all && page.next !== undefined) {
      page = await withProgress(out.progress, `listing, ${listed.length} so far`, client.get(page.next));
      listed.push(...page.body);
    }
    out.answer(listed, () => out.table(listed, INCIDENT_COLUMNS, 'no incidents'));
    if (page.next !== undefined && limit === undefined) out.note('there are more: --all lists them');
    return EXIT.done;
  },
});
