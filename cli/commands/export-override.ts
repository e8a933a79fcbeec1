import { defineCommand } from '../command.ts';
import { durationSeconds } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import { overrideFacts } from '../governance/answers.ts';
import type { OverrideAnswer } from '../governance/answers.ts';

const NAME = 'export override';

export const command = defineCommand({
  name: NAME,
  about: 'Let one export past a registry that fails, once and for an hour at most',
  notes:
    'For a security_owner or incident_commander. It lifts registry_unreachable, registry_auth_failed and bundle_unregistered,\nnothing else; the first export that needs it spends it, and it ends by itself. A second person reviews it within 24h.',
  flags: {
    ticket: { kind: 'text', value: 'ID', required: true, about: 'the incident or change ticket' },
    for: { kind: 'text', value: 'DURATION', required: true, about: 'how long at most: 30m, at most 60m' },
    reason: { kind: 'text', required: true, about: 'why this export cannot wait' },
  },
  run: async ({ flags: { ticket, for: time, reason } }, { client, out }) => {
    const for_seconds = durationSeconds(time, 'for', NAME);
    const { body } = await client.post<OverrideAnswer>('/v1/exports/overrides', { ticket, reason, for_seconds });
    out.answer(body, () => overrideFacts(out, body));
    return EXIT.done;
  },
});
