import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import { anchorStanding } from '../../../db/read/anchors.ts';
import { hasGrown } from '../../../domain/ledger/anchor.ts';
import { ANCHOR_COUNTER } from '../../../domain/attestation/nv-certify.ts';
import { TpmSession } from '../../../workers/attester/tpm-session.ts';
import { eventually } from '../../support/eventually.ts';
import { startWatched } from '../../support/watched.ts';
import type { Watched } from '../../support/watched.ts';

let on: Watched;
beforeAll(async () => {
  on = await startWatched({ anchorIntervalMs: 1_000 });
});
afterAll(() => on?.close());

const completed = async () =>
  (await one<{ n: number }>(on.db, 'SELECT count(*) AS n FROM log_anchors WHERE copied_at IS NOT NULL'))?.n ?? 0;
const violations = () =>
  rows<{ id: string }>(on.db, `SELECT id FROM incidents WHERE class = 'integrity_violation' AND source = 'ledger'`);
const missed = async () => (await anchorStanding(on.db))?.missed_at ?? null;

/** A grown log: a look of the watch has entries. */
const grown = () => on.poke('attestation/local');

describe('the control process', () => {
  it('anchors the log by itself, again when it has grown, and once more before it ends', async () => {
    await eventually(async () => (await completed()) > 0);
    const before = await completed();
    await eventually(async () => (await grown(), (await completed()) > before));
    await on.stopControl();
    await on.startControl({ anchorIntervalMs: 3_600_000 });
    const settled = await completed();
    await grown();
    await eventually(async () => {
      const standing = await anchorStanding(on.db);
      return standing !== undefined && hasGrown(standing);
    });
    expect(await completed()).toBe(settled);
    await on.stopControl();
    expect(await completed()).toBe(settled + 1);
    await on.startControl();
    expect(await violations()).toEqual([]);
  });

  it('goes on without the TPM, says so, and anchors again when it is back', async () => {
    const comeBack = await on.loseAttester();
    await eventually(async () => {
      await on.db.query(`INSERT INTO ledger_entries (workspace_id, at, actor, action, object, detail, leaf, leaf_hash)
        VALUES ('default', now(), 'test', 'tested', 'test', '{}', '{}', decode(md5('x') || md5('y'), 'hex'))`);
      return (await missed()) !== null;
    });
    expect(await violations()).toEqual([]);
    comeBack();
    await eventually(async () => (await grown(), (await missed()) === null));
    expect(await violations()).toEqual([]);
  });

  it('finds at its start a counter that moved for another record, before it is ready', async () => {
    await on.stopControl();
    const comeBack = await on.loseAttester();
    const session = new TpmSession(on.machine.swtpm.tcti);
    for (let i = 0; i < 2; i += 1) await session.use((tpm) => tpm.nvIncrement({ index: ANCHOR_COUNTER }));
    await session.close();
    comeBack();
    await on.startControl();
    expect(await violations()).toHaveLength(1);
    expect((await anchorStanding(on.db))?.halted_at).not.toBeNull();
  });
});
