import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../db/client.ts';
import { rows } from '../../../db/client.ts';
import { acknowledgeRecovery } from '../../../db/command/acknowledge.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import { releaseModel } from '../../../db/command/release-model.ts';
import { checkGate } from '../../../db/read/check-gate.ts';
import { OPERATOR, decision, openRecord, reportIncident } from '../../support/record.ts';

let db: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await openRecord());
});
afterAll(() => close());

const release = (target: string) =>
  releaseModel(db, OPERATOR, {
    target,
    how: 'removed',
    reason: 'deleted',
    key: { decision_id: crypto.randomUUID(), request_digest: 'd' },
  });

it.each([
  ['ends the quarantine with its incident', false],
  ['is taken back when the incident recurs before it resolves', true],
])('S4-29 a granted release %s', async (_what, recurs) => {
  const target = `sha256:${(recurs ? 'a' : 'b').repeat(64)}`;
  const report = { evidence: { model_digest: target, subject: 'agent:1' }, dedup_key: target };
  const { id } = await reportIncident(db, 'manifest_mismatch', report);
  expect(await release(target)).toMatchObject({ ok: true, released: 0, granted: 1 });
  if (recurs) expect((await reportIncident(db, 'manifest_mismatch', report)).id).toBe(id);
  await acknowledgeRecovery(db, decision(id), { operator: 'me@org' });
  expect(await decideIncident(db, decision(id), { kind: 'resolve', operator: 'me@org' })).toMatchObject({ ok: true });
  expect((await checkGate(db, 'default', 'model', target)).open).toBe(!recurs);
  const granted = await rows(
    db,
    'SELECT 1 FROM holds WHERE incident_id = $1 AND workspace_id = $2 AND release_granted_at IS NOT NULL',
    [id, 'default'],
  );
  expect(granted).toHaveLength(recurs ? 0 : 1);
});
