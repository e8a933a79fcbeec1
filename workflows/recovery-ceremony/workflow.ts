import { nextNudge } from '../../domain/process/nudges.ts';
import { acceptCeremony } from '../accept-decisions.ts';
import { attend } from '../attend.ts';
import { DecisionInbox } from '../decision-inbox.ts';
import { record } from '../record.ts';
import type { IncidentProcessInput } from './messages.ts';

/**
 * Waits for people: acknowledgement and re-attestation in either order, then resolution. Reminds after 4 h, pages after
 * 24 h and every day from then on. It never times out and never clears anything by itself.
 */
export async function recoveryCeremony(input: IncidentProcessInput): Promise<void> {
  const { workspace_id, incident_id } = input;
  const inbox = new DecisionInbox(input);
  acceptCeremony(inbox);

  await attend('recoveryCeremony', input, inbox, async ({ required_after, last_nudge_at, version }) => {
    const now = new Date(Date.now()).toISOString();
    const next = Date.parse(nextNudge(required_after, last_nudge_at, now).at);
    if (next > Date.now()) return next;
    await record.nudgeOperators({ workspace_id, incident_id, version });
    return Date.now();
  });
}
