import { acceptResolve } from '../accept-decisions.ts';
import { attend } from '../attend.ts';
import { DecisionInbox } from '../decision-inbox.ts';
import { engine } from '../record.ts';
import type { IncidentProcessInput } from './messages.ts';

/**
 * Stays with an incident from report to resolution: waits until its containment has settled, starts the ceremony when
 * one is required, and closes when the incident is resolved and every adapter has restored what it held for it.
 */
export async function incidentResponse(input: IncidentProcessInput): Promise<void> {
  const { workspace_id, incident_id } = input;
  const inbox = new DecisionInbox(input);
  acceptResolve(inbox);
  let started = false;

  await attend('incidentResponse', input, inbox, async ({ settled, ceremony, severity_rank, version }) => {
    if (settled && ceremony && !started) {
      await engine.startCeremony({ workspace_id, incident_id, severity_rank, version });
      started = true;
    }
    return null;
  });
}
