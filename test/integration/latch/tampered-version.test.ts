import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../db/client.ts';
import { recordCheck } from '../../../db/command/watch-files.ts';
import { OPERATOR, openRecord } from '../../support/record.ts';

let db: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await openRecord());
});
afterAll(() => close());

it('S4-03 a baseline whose signature does not verify is a violation, not a silence', async () => {
  await db.query(
    `INSERT INTO integrity_baselines (workspace_id, baseline, version, envelope, digest, reason, created_at, actor)
      VALUES ('system', 'protected', 1, $1, 'd', 'tampered', now(), 'nobody')`,
    [JSON.stringify({ payload: 'e30=', payloadType: 'x', signatures: [{ keyid: 'k', sig: 'AA==' }] })],
  );
  const observation = { baseline: 'protected', observed: [] };
  const checked = await recordCheck(db, OPERATOR, 'check-1', observation, { environment: 'embedded', keys: [] });
  expect(checked).toMatchObject({ passed: false });
  expect(checked.incident_id).toMatch(/^INC-/);
});
