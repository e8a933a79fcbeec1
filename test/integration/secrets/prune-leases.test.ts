import { afterAll, beforeAll, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { issueLease } from '../../../db/command/issue-lease.ts';
import { KEPT_DAYS, pruneLeases } from '../../../db/command/prune-leases.ts';
import { openRecord, OPERATOR } from '../../support/record.ts';
import { freshMasterKey, set } from '../../support/secrets.ts';

let db: Database;
let close: () => Promise<void>;
beforeAll(async () => ({ db, close } = await openRecord()));
afterAll(() => close?.());

it('leases that ended long ago are removed in batches, with their number on the ledger, and no other', async () => {
  const master = freshMasterKey();
  const deps = { db, masterKey: () => master };
  await set(deps, 's', 'v');
  const lease = async () => {
    const issued = await issueLease(deps, OPERATOR, { slot: 's', subject: 'agent:a', ttl: 60 });
    if (!issued.ok) throw new Error(issued.code);
    return issued.lease_id;
  };
  const [live, ended] = [await lease(), await lease()];
  const past = (id: string, days: number) =>
    db.query(`UPDATE leases SET not_after = clock_timestamp() - make_interval(days => $2) WHERE lease_id = $1`, [
      id,
      days,
    ]);
  await past(ended, KEPT_DAYS - 1);
  await past(await lease(), KEPT_DAYS + 1);
  await db.query(
    `INSERT INTO leases SELECT (jsonb_populate_record(l, jsonb_build_object('lease_id', 'LSE-' || n))).*
      FROM leases l, generate_series(1, 1500) n WHERE l.not_after < clock_timestamp() - make_interval(days => $1)`,
    [KEPT_DAYS],
  );
  expect(await pruneLeases(db)).toEqual({ pruned: 1000, more: true });
  expect(await pruneLeases(db)).toEqual({ pruned: 501, more: false });
  expect(await pruneLeases(db)).toEqual({ pruned: 0, more: false });
  const left = await rows<{ lease_id: string }>(db, 'SELECT lease_id FROM leases ORDER BY 1');
  expect(left.map(({ lease_id }) => lease_id)).toEqual([live, ended].sort());
  const said = await one<{ said: string }>(
    db,
    `SELECT string_agg(detail, ' ' ORDER BY entry_id) AS said FROM ledger_entries WHERE action = 'leases_pruned'`,
  );
  expect(said?.said.match(/"pruned":\d+/g)).toEqual(['"pruned":1000', '"pruned":501']);
});
