import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';
import { missingFacts } from '../recovery.ts';

export const command = defineCommand({
  name: 'recovery reattest',
  about: 'Take a fresh quote of the TPM and have it appraised for an incident',
  notes: 'Exit code 4 with the claims that failed while the cause is not fixed; `attestation diff` shows them.',
  operands: { id: { about: 'the id of the incident' } },
  run: async ({ operands: { id } }, { client, out }) => {
    const sent = client.post<{ status: string }>('/api/v1/recovery/reattest', { incident_id: id });
    const { body } = await withProgress(out.progress, 'taking a quote', sent);
    const missing = out.json ? [] : await missingFacts(client, id);
    out.answer(body, () => out.facts([['status', body.status], ...missing]));
    return EXIT.done;
  },
});
