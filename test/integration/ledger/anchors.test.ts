import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import { sequenceEntries } from '../../../db/command/sequence-entries.ts';
import { anchorStanding } from '../../../db/read/anchors.ts';
import { gatesOverview } from '../../../db/read/gates.ts';
import { checkpointKey } from '../../../domain/ledger/anchor.ts';
import { parseQuote } from '../../../domain/attestation/tpms-attest.ts';
import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';
import { Anchoring } from '../../../workers/anchor/keep-anchoring.ts';
import { ANCHOR_COUNTER } from '../../../domain/attestation/nv-certify.ts';
import {
  anchor,
  copyOf,
  grow,
  intend,
  intended,
  NODE,
  portOf,
  rollbackDeps,
  silent,
  startAnchored,
} from '../../support/anchored.ts';
import type { Anchored } from '../../support/anchored.ts';
import { removeTree } from '../../support/remove-tree.ts';

let on: Anchored;
beforeEach(async () => {
  on = await startAnchored();
});
afterEach(() => on?.close());

const violations = (db = on.db) =>
  rows<{ occurrences: number; source: string }>(
    db,
    `SELECT occurrences, source FROM incidents WHERE class = 'integrity_violation' AND source = 'ledger'`,
  );
const openGates = async (db = on.db) => (await gatesOverview(db, 'default')).filter((g) => g.open).map((g) => g.gate);
const counter = async () => Number((await on.host.readAnchorCounter()).counter);
const completed = async () =>
  (await one<{ n: number }>(on.db, 'SELECT count(*) AS n FROM log_anchors WHERE completed_at IS NOT NULL'))?.n;

/** A control process's look at its start, of which only the part without an engine is here. */
const atStart = (db = on.db, blobs = on.blobs) =>
  new Anchoring({ ...rollbackDeps(on, db, blobs), client: undefined as never, node: NODE, intervalMs: 0, log: silent });

describe('an anchor', () => {
  it('binds the signed checkpoint to the counter of the TPM, and has its copy among the blobs', async () => {
    const size = await grow(on);
    const { digest, counter_before } = await anchor(on);
    const row = await one<Record<string, unknown>>(on.db, 'SELECT * FROM log_anchors');
    expect(row).toMatchObject({ epoch: 1, size, node: NODE, counter_value: Number(counter_before) + 1 });
    const evidence = JSON.parse(String(row?.['evidence'])) as { quote: { attest: string } };
    expect(parseQuote(Buffer.from(evidence.quote.attest, 'hex')).nonce).toBe(digest);
    const standing = await anchorStanding(on.db);
    expect(standing).toMatchObject({ anchored_size: size, missed_at: null, halted_at: null });
    const copy = await on.blobs.get(checkpointKey(standing?.origin ?? '', size));
    expect(Buffer.from(copy).toString('utf8')).toBe(row?.['note']);
    const said = await rows<{ action: string }>(
      on.db,
      `SELECT action FROM ledger_entries WHERE action LIKE 'anchor_%' ORDER BY entry_id`,
    );
    expect(said.map((e) => e.action)).toEqual(['anchor_intended', 'anchor_completed']);
  });

  it('is made when the log has grown beyond the entries of the last one, and not before its time', async () => {
    expect((await intend(on)).kind).toBe('not_due');
    await grow(on);
    await anchor(on);
    await grow(on, on.db, 0).catch(() => undefined);
    expect((await intend(on)).kind).toBe('not_due');
    await grow(on);
    expect((await intend(on, portOf(on, on.db, 300_000))).kind).toBe('not_due');
    expect((await intend(on, portOf(on, on.db, 300_000), true)).kind).toBe('intended');
  });

  it('moves the counter once, however often and by how many it is asked for', async () => {
    await grow(on);
    const before = await counter();
    const asked = await intended(on);
    const answers = await Promise.all([1, 2, 3].map(() => on.host.anchorCheckpoint(asked)));
    expect(answers.map((a) => a.counter)).toEqual(Array(3).fill(String(before + 1)));
    const evidence = answers[0];
    expect(await portOf(on).completeAnchor({ ...asked, evidence })).toEqual({ ok: true });
    expect(await portOf(on).completeAnchor({ ...asked, evidence: {} })).toEqual({ ok: true });
  });

  it('is not completed by what another key, another digest or another counter says', async () => {
    await grow(on);
    const asked = await intended(on);
    const given = await on.host.anchorCheckpoint(asked);
    const other = await on.host.anchorCheckpoint({ ...asked, digest: '00'.repeat(32) });
    const beside = await on.session.use(async (tpm) => {
      const index = ANCHOR_COUNTER + 1;
      await tpm.nvCounterDefine({ index });
      const said = await tpm.nvCertify({ index, qualifyingData: Buffer.from(asked.digest, 'hex') });
      return { attest: said.attest.toString('hex'), signature: said.signature.toString('hex') };
    });
    const wrong = [
      [{ ...given, counter: String(Number(given.counter) + 1) }, 'counter_moved'],
      [{ ...given, quote: null }, 'counter_moved'],
      [other, 'quote_failed'],
      [{ ...given, quote: { ...given.quote, signature: other.quote?.signature } }, 'quote_failed'],
      [{ ...given, quote: { ...given.quote, node: 'other' } }, 'quote_failed'],
      [{ ...given, quote: { ...given.quote, attest: '00' } }, 'quote_failed'],
      [{ counter: given.counter, quote: given.quote }, 'counter_unproven'],
      [{ ...given, certified: null }, 'counter_unproven'],
      [{ ...given, certified: given.quote }, 'counter_unproven'],
      [{ ...given, certified: other.certified }, 'counter_unproven'],
      [{ ...given, certified: { ...given.certified, ...beside } }, 'counter_unproven'],
      [{ ...given, certified: { ...given.certified, signature: given.quote?.signature } }, 'counter_unproven'],
      ['nothing', 'evidence_malformed'],
    ] as const;
    for (const [evidence, code] of wrong)
      expect(await portOf(on).completeAnchor({ ...asked, evidence }), code).toEqual({ ok: false, code });
    expect((await anchorStanding(on.db))?.missed_at).not.toBeNull();
    expect(await portOf(on).completeAnchor({ ...asked, evidence: given })).toEqual({ ok: true });
    expect((await anchorStanding(on.db))?.missed_at).toBeNull();
    expect(await violations()).toEqual([]);
  });
});

describe('an end between two steps of an anchor accuses nobody:', () => {
  const cuts: Record<string, () => Promise<unknown>> = {
    'after the intention': () => intended(on),
    'after the increment': async () => {
      await intended(on);
      await on.session.use((tpm) => tpm.nvIncrement({ index: ANCHOR_COUNTER }));
    },
    'after the quote': async () => on.host.anchorCheckpoint(await intended(on)),
    'after the completion': async () => {
      const asked = await intended(on);
      await portOf(on).completeAnchor({ ...asked, evidence: await on.host.anchorCheckpoint(asked) });
    },
  };
  it.each(Object.keys(cuts))('%s', async (name) => {
    await grow(on);
    await anchor(on);
    await grow(on);
    await cuts[name]?.();
    await cuts[name]?.().catch(() => undefined);
    await atStart().checkBlobs();
    await grow(on, on.db, 6);
    await anchor(on);
    expect(await violations()).toEqual([]);
    expect(await openGates()).toHaveLength(5);
    expect(await rows(on.db, 'SELECT 1 FROM log_anchors WHERE completed_at IS NOT NULL AND copied_at IS NULL')).toEqual(
      [],
    );
  });

  it('with a TPM that has lost its connection in the middle', async () => {
    await grow(on);
    const asked = await intended(on);
    await on.machine.swtpm.stop();
    await expect(on.host.anchorCheckpoint(asked)).rejects.toMatchObject({ code: 'tpm_unavailable' });
    await portOf(on).missAnchor({ reason: 'tpm_unavailable' });
    await portOf(on).missAnchor({ reason: 'tpm_unavailable' });
    expect((await anchorStanding(on.db))?.missed_at).not.toBeNull();
    expect(await rows(on.db, `SELECT 1 FROM ledger_entries WHERE action = 'anchor_missed'`)).toHaveLength(1);
    expect(await grow(on)).toBeGreaterThan(0);
    expect(await violations()).toEqual([]);
  });
});

describe('a record that was set back', () => {
  let elsewhere: string;
  beforeAll(() => {
    elsewhere = mkdtempSync(join(tmpdir(), 'interlock-elsewhere-'));
  });
  afterAll(() => removeTree(elsewhere));
  const noBlobs = () => new FilesystemBlobs(join(elsewhere, 'none'));

  /** Yesterday's copy of a record that went on for two anchors. */
  async function yesterday() {
    await grow(on);
    await anchor(on);
    const copy = await copyOf(on);
    for (let i = 0; i < 2; i += 1) {
      await grow(on);
      await anchor(on);
    }
    return copy;
  }

  it('is found at the start by the checkpoints among the blobs: the gates close, and the log adds nothing', async () => {
    const { db, drop } = await yesterday();
    try {
      await atStart(db).checkBlobs();
      expect(await violations(db)).toEqual([{ occurrences: 1, source: 'ledger' }]);
      expect(await openGates(db)).not.toEqual(expect.arrayContaining(['agent']));
      expect((await anchorStanding(db))?.halted_at).not.toBeNull();
      expect(await sequenceEntries(db, {})).toBeNull();
      await atStart(db).checkBlobs();
      expect(await violations(db)).toHaveLength(1);
    } finally {
      await drop();
    }
  });

  it('is found when it has written other entries since, as many as it had before', async () => {
    const { db, drop } = await yesterday();
    try {
      await grow(on, db, 30);
      await atStart(db).checkBlobs();
      expect(await violations(db)).toHaveLength(1);
    } finally {
      await drop();
    }
  });

  it('is found by the counter where the blobs were set back as well', async () => {
    const { db, drop } = await yesterday();
    try {
      await atStart(db, noBlobs()).checkBlobs();
      expect(await violations(db)).toEqual([]);
      expect((await intend(on, portOf(on, db, 0, noBlobs()))).kind).toBe('suspected');
      expect(await violations(db)).toHaveLength(1);
      expect(await sequenceEntries(db, {})).toBeNull();
    } finally {
      await drop();
    }
  });

  it('is not what a restart looks like', async () => {
    const { drop } = await yesterday();
    await drop();
    await atStart().checkBlobs();
    expect((await intend(on)).kind).toBe('not_due');
    await grow(on);
    await anchor(on);
    expect(await completed()).toBe(4);
    expect(await violations()).toEqual([]);
    expect(await openGates()).toHaveLength(5);
  });

  it('is not what somebody else writes among the blobs, nor a TPM that the record never used', async () => {
    const size = await grow(on);
    await anchor(on);
    const { origin } = (await anchorStanding(on.db)) ?? { origin: '' };
    const note = Buffer.from(await on.blobs.get(checkpointKey(origin, size))).toString('utf8');
    await on.blobs.put(checkpointKey(origin, 999), Buffer.from(note.replace(`\n${size}\n`, '\n999\n')));
    await on.blobs.put(checkpointKey(origin, 998), Buffer.from('nothing'));
    await on.blobs.put(checkpointKey(origin.replace(/1$/, '2'), 5), Buffer.from(note));
    await atStart().checkBlobs();
    await on.db.query(`UPDATE attestation_nodes SET ak_name = 'other'`);
    await on.session.use((tpm) => tpm.nvIncrement({ index: ANCHOR_COUNTER }));
    await on.session.use((tpm) => tpm.nvIncrement({ index: ANCHOR_COUNTER }));
    await grow(on);
    expect((await intend(on)).kind).toBe('intended');
    expect(await violations()).toEqual([]);
  });
});
