import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Database } from '../../../db/client.ts';
import { one } from '../../../db/client.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import type * as rules from '../../../domain/incident/transition.ts';
import { seal } from '../../../domain/incident/record.ts';
import { sha256 } from '../../support/incidents.ts';
import { decision, openRecord, reportIncident } from '../../support/record.ts';

// The rule that a ceremony comes first, removed: whatever is asked for is granted.
vi.mock('../../../domain/incident/transition.ts', async (original) => {
  const real = await original<typeof rules>();
  const transition: typeof rules.transition = (incident, event, now, hash) => {
    if (event.kind !== 'resolve') return real.transition(incident, event, now, hash);
    const open = { ...incident, state: 'resolved' as const, version: incident.version + 1, resolved_at: now };
    return { ok: true, changed: true, incident: seal(open, sha256), effects: [] };
  };
  return { ...real, transition };
});

let db: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await openRecord());
});
afterAll(() => close());

it('S4-14 the constraint of the database holds the latch when the rule of the domain is gone', async () => {
  const { id } = await reportIncident(db, 'attestation_failure');
  const resolve = decideIncident(db, decision(id), { kind: 'resolve', operator: 'me@org' });
  await expect(resolve).rejects.toMatchObject({ code: '23514', constraint: 'incidents_latch' });
  const row = await one<{ state: string }>(db, 'SELECT state FROM incidents WHERE id = $1', [id]);
  expect(row?.state).toBe('contained');
  const standing = await one<{ n: number }>(
    db,
    'SELECT count(*) AS n FROM holds WHERE incident_id = $1 AND released_at IS NULL',
    [id],
  );
  expect(standing?.n).toBe(3);
});
