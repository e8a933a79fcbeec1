import type { Requirement } from '../../domain/incident/requirement.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { Column } from '../output/table.ts';
import { stillMissing } from '../recovery.ts';

const COLUMNS: Column<Requirement>[] = [
  { head: 'INCIDENT', cell: (r) => r.incident_id },
  { head: 'SEVERITY', cell: (r) => r.severity },
  { head: 'CLASS', cell: (r) => r.incident_class },
  {
    head: 'REQUIRES',
    cell: (r) => [r.require_ack ? 'ack' : '', r.require_reattest ? 'reattest' : ''].join(' ').trim(),
  },
  { head: 'ACKED BY', cell: (r) => r.acked_by },
  { head: 'RE-ATTESTED', cell: (r) => r.re_attested_at },
  { head: 'MISSING', cell: (r) => stillMissing(r).join(', ') },
];

interface Page {
  pending_recoveries: Requirement[];
  count: number;
}

export const command = defineCommand({
  name: 'recovery status',
  about: 'List what the pending recoveries wait for, oldest first',
  run: async (_input, { client, out }) => {
    const { body, next } = await client.get<Page>('/api/v1/recovery/status');
    out.answer(body, () => out.table(body.pending_recoveries, COLUMNS, 'no recovery is pending'));
    if (next !== undefined) out.note(`the oldest ${body.pending_recoveries.length} of ${body.count}`);
    return EXIT.done;
  },
});
