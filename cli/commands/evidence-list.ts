import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface EvidenceAnswer {
  evidence_id: string;
  collected_at: string;
  collected_by: string;
  on_behalf_of: string | null;
  manifest_digest: string;
  files: number;
  bytes: number;
  absent: number;
}

export const command = defineCommand({
  name: 'evidence list',
  about: 'Who collected the evidence of an incident, when, and which, newest first',
  operands: { id: { about: 'the id of the incident, INC-…' } },
  run: async ({ operands: { id } }, { client, out }) => {
    const { body, next } = await client.get<EvidenceAnswer[]>(`/v1/incidents/${encodeURIComponent(id)}/evidence`);
    out.answer(body, () =>
      out.table(
        body,
        [
          { head: 'TIME', cell: (e) => e.collected_at },
          {
            head: 'WHO',
            cell: (e) => (e.on_behalf_of === null ? e.collected_by : `${e.collected_by} for ${e.on_behalf_of}`),
          },
          { head: 'FILES', cell: (e) => e.files },
          { head: 'BYTES', cell: (e) => e.bytes },
          { head: 'ABSENT', cell: (e) => e.absent },
          { head: 'MANIFEST', cell: (e) => e.manifest_digest },
        ],
        'none collected so far',
      ),
    );
    if (next !== undefined) out.note('there are more');
    return EXIT.done;
  },
});
