import type { Requirement } from '../domain/incident/requirement.ts';
import type { Client } from './client.ts';

interface Page {
  pending_recoveries: Requirement[];
  count: number;
}

/** Every recovery that is pending, oldest first, over all pages. */
export async function* pendingRecoveries(client: Client): AsyncGenerator<{ requirement: Requirement; count: number }> {
  let path: string | undefined = '/api/v1/recovery/status';
  while (path !== undefined) {
    const { body, next }: { body: Page; next: string | undefined } = await client.get<Page>(path);
    for (const requirement of body.pending_recoveries) yield { requirement, count: body.count };
    path = next;
  }
}

/** What the ceremony of an incident asks as long as it is pending, else undefined. */
export async function requirementOf(client: Client, id: string): Promise<Requirement | undefined> {
  for await (const { requirement } of pendingRecoveries(client)) if (requirement.incident_id === id) return requirement;
  return undefined;
}

/** What a pending recovery still waits for: people first, then what no person can do. */
export function stillMissing(r: Requirement): string[] {
  const people = [
    ...(r.require_ack && r.acked_at === '' ? ['ack'] : []),
    ...(r.require_reattest && r.re_attested_at === '' ? ['reattest'] : []),
  ];
  return people.length > 0 || r.recovery_complete ? people : ['containment'];
}

/** The line that ends a step of a ceremony: what it still waits for. */
export async function missingFacts(client: Client, id: string): Promise<[string, string][]> {
  const requirement = await requirementOf(client, id);
  const missing = requirement === undefined ? [] : stillMissing(requirement);
  return [['missing', missing.length === 0 ? 'nothing' : missing.join(', ')]];
}
