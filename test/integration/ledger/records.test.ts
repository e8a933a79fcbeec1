import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acknowledgeRecovery } from '../../../db/command/acknowledge.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import { releaseModel } from '../../../db/command/release-model.ts';
import { requestKeyRotation } from '../../../db/command/rotate-log-key.ts';
import { currentLog, sequenceEntries } from '../../../db/command/sequence-entries.ts';
import { publishBoth, enterAsked } from '../../../workers/sequencer/rotate-key.ts';
import { writeEntries } from '../../../db/write/ledger.ts';
import { transaction } from '../../../db/transaction.ts';
import { anchor, grow, silent, startAnchored, NODE } from '../../support/anchored.ts';
import type { Anchored } from '../../support/anchored.ts';
import { exportedLog, verified } from '../../support/exported-log.ts';
import type { Files } from '../../support/exported-log.ts';
import { OPERATOR, decision, reportIncident } from '../../support/record.ts';

let on: Anchored;
let files: Files;
let firstKey: string;

beforeAll(async () => {
  on = await startAnchored();
  const keys = await on.machine.host.describeKeys();
  await transaction(on.db, (tx) =>
    writeEntries(tx, [
      {
        ...OPERATOR,
        workspace_id: 'system',
        at: '2026-11-21T12:00:00.000Z',
        action: 'node_enrolled',
        object: `node/${NODE}`,
        record_hash: null,
        record_version: 1,
        detail: { ak_name: keys.ak_name, ek_trust: 'simulated' },
        policy_digest: null,
      },
    ]),
  );
  await grow(on);
  firstKey = (await currentLog(on.db))!.verifier_key;
  await anchor(on);
  await history(on.db);
  await grow(on, on.db, 300);
  await anchor(on);
  const { origin } = (await currentLog(on.db))!;
  await requestKeyRotation(on.db, { ...OPERATOR, workspace_id: 'system' }, { origin });
  const deps = { db: on.db, stateRoot: on.stateRoot, log: silent };
  await enterAsked(deps);
  await publishBoth(deps, (await sequenceEntries(on.db, {}))!);
  await reportIncident(on.db, 'prompt_injection', { evidence: { subject: 'agent:late' } });
  await grow(on);
  await anchor(on);
  await grow(on);
  files = await exportedLog(on.db);
});
afterAll(() => on?.close());

/** Incidents that are open and resolved, a quarantine that outlives its incident, one that was granted, one released after. */
async function history(db: Anchored['db']): Promise<void> {
  const release = (target: string) =>
    releaseModel(db, OPERATOR, {
      target,
      how: 'removed',
      reason: 'deleted',
      key: { decision_id: crypto.randomUUID(), request_digest: 'd' },
    });
  for (let n = 0; n < 12; n += 1)
    await reportIncident(db, 'tool_call_burst', { source: `s${n}`, evidence: { subject: `agent:${n}` } });
  for (const [c, when] of [
    ['a', 'never'],
    ['b', 'before'],
    ['c', 'after'],
  ] as const) {
    const target = `sha256:${c.repeat(64)}`;
    const report = { evidence: { model_digest: target, subject: `agent:${c}` }, dedup_key: target };
    const { id } = await reportIncident(db, 'manifest_mismatch', report);
    await reportIncident(db, 'manifest_mismatch', report);
    if (when === 'before') await release(target);
    await acknowledgeRecovery(db, decision(id), { operator: 'me@org' });
    expect(await decideIncident(db, decision(id), { kind: 'resolve', operator: 'me@org' })).toMatchObject({ ok: true });
    expect(await decideIncident(db, decision(id), { kind: 'resolve', operator: 'you@org' })).toBeDefined();
    if (when === 'after') expect(await release(target)).toMatchObject({ ok: true, released: 1 });
  }
}

type Line = Record<string, unknown> & { kind: string };
const linesOf = (of: Files): Line[] =>
  Buffer.from(of.get('records')!)
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

/** The records with other lines, and an end that fits: as a server answers whose database was changed. */
function changed(change: (lines: Line[]) => Line[]): Files {
  const whole = linesOf(files);
  const body = change(whole.slice(0, -1))
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
  const end = { ...whole.at(-1), digest: createHash('sha256').update(body).digest('hex') };
  return new Map(files).set('records', Buffer.from(`${body}${JSON.stringify(end)}\n`));
}
const found = async (of: Files) => (await verified(of, firstKey)).findings.shown.map((f) => `${f.code} ${f.where}`);
const edit = (which: (line: Line) => boolean, over: (line: Line) => object): Files => {
  let done = false;
  return changed((lines) =>
    lines.map((line) => {
      if (done || !which(line)) return line;
      done = true;
      return { ...line, ...over(line) };
    }),
  );
};
const drop = (which: (line: Line) => boolean): Files => changed((lines) => lines.toSpliced(lines.findIndex(which), 1));
const isHold = (over: object) => (line: Line) =>
  line.kind === 'hold' && Object.entries(over).every(([name, value]) => line[name] === value);

describe('an export with its records', () => {
  it('is verified under the first key, with every incident, hold and anchor', async () => {
    const { findings, records, keyChanges } = await verified(files, firstKey);
    expect(findings.shown).toEqual([]);
    expect(records).toMatchObject({ incidents: 16, holds_unknown: 0, anchors: 3, anchor: 'ok' });
    expect(records.holds).toBeGreaterThan(16);
    expect(keyChanges).toBe(1);
  });

  it('says that it knows nothing of anchors and records that are not in the copy', async () => {
    const without = new Map(files);
    without.delete('records');
    expect((await verified(without, firstKey)).records).toEqual({
      records: null,
      incidents: null,
      holds: null,
      holds_unknown: null,
      anchors: null,
      anchor: 'unknown',
    });
    const { findings, records } = await verified(
      drop((line) => line.kind === 'node'),
      firstKey,
    );
    expect([findings.total, records.anchor]).toEqual([0, 'unknown']);
  });

  it('names an incident that was changed, taken back to an earlier version, invented or removed', async () => {
    const incident = (line: Line) => line.kind === 'incident';
    const altered = edit(incident, ({ record }) => ({ record: { ...(record as object), severity: 'low' } }));
    expect(await found(altered)).toEqual([expect.stringMatching(/^record_altered incident INC-/)]);
    const resolved = linesOf(files).find(
      (line) => incident(line) && (line['record'] as { state: string }).state === 'resolved',
    )!;
    const open = linesOf(files).find(
      (line) => incident(line) && (line['record'] as { state: string }).state !== 'resolved',
    )!;
    const swapped = changed((lines) =>
      lines.map((line) => (JSON.stringify(line) === JSON.stringify(open) ? resolved : line)),
    );
    expect(await found(swapped)).toEqual([expect.stringContaining('record_missing')]);
    expect(await found(drop(incident))).toEqual([expect.stringContaining('record_missing')]);
  });

  it('names a hold that was released, placed or removed behind the log, and one that stands though it was released', async () => {
    const standing = isHold({ released: false, action: 'freeze_agent' });
    expect(await found(edit(standing, () => ({ released: true })))).toEqual([
      expect.stringMatching(/^hold_released_unrecorded no entry released hold INC-/),
    ]);
    expect(await found(edit(isHold({ released: true, action: 'freeze_agent' }), () => ({ released: false })))).toEqual([
      expect.stringMatching(/^hold_standing hold INC-/),
    ]);
    expect(
      await found(edit(isHold({ released: false, action: 'quarantine_model' }), () => ({ released: true }))),
    ).toEqual([expect.stringMatching(/^hold_released_unrecorded no entry released hold INC-/)]);
    expect(await found(edit(standing, () => ({ target: 'agent:other' })))).toEqual([
      expect.stringMatching(/^hold_unrecorded no entry placed hold INC-/),
      expect.stringMatching(/^hold_missing/),
    ]);
    expect(await found(drop(standing))).toEqual([expect.stringMatching(/^hold_missing/)]);
    expect(await found(drop(isHold({ released: true, action: 'quarantine_model' })))).toContainEqual(
      expect.stringMatching(/^hold_missing/),
    );
  });

  it('names an anchor that was removed, quoted another checkpoint, or whose counter went back', async () => {
    const nth = (n: number) => (line: Line) => line.kind === 'anchor' && line['anchor_id'] === n;
    const anchors = linesOf(files).filter(({ kind }) => kind === 'anchor');
    const [first, second] = anchors.map((line) => Number(line['anchor_id']));
    expect(await found(drop(nth(second!)))).toEqual([
      expect.stringContaining(`anchor_missing the entry is about anchor ${second}`),
      expect.stringContaining(`anchor_missing the entry is about anchor ${second}`),
    ]);
    const other = anchors[0]!;
    expect(await found(edit(nth(second!), () => ({ evidence: other['evidence'] })))).toEqual(
      expect.arrayContaining([
        `anchor_forged the evidence of anchor ${second} is not of its checkpoint`,
        `anchor_unrecorded the entry says otherwise of anchor ${second}`,
      ]),
    );
    expect(await found(edit(nth(second!), () => ({ counter_before: '0' })))).toContainEqual(
      `anchor_counter anchor ${second} begins at a counter before the last one`,
    );
    expect(await found(edit(nth(first!), () => ({ root: Buffer.alloc(32).toString('base64') })))).toContainEqual(
      `anchor_malformed anchor ${first} is no checkpoint of this log in its order`,
    );
  });

  it('finds and places each of 1,000 random changes of one bit in tiles, entries, checkpoint, keys and rows', async () => {
    const parts = [...files.keys()].filter((path) => path !== 'keys');
    const place = fc
      .constantFrom(...parts, 'row')
      .chain((path) => fc.tuple(fc.constant(path), fc.nat(1_000_000_000), fc.nat(1_000_000)));
    await fc.assert(
      fc.asyncProperty(place, async ([path, at, line]) => {
        const flip = (bytes: Uint8Array): Uint8Array => {
          const copy = Uint8Array.from(bytes);
          const bit = at % (copy.length * 8);
          copy[bit >> 3]! ^= 1 << (bit & 7);
          return copy;
        };
        let broken: Files;
        let named = path;
        if (path !== 'row') broken = new Map(files).set(path, flip(files.get(path)!));
        else {
          // A row as the database has it: with an end that fits, so that only what it says can tell.
          const rows = linesOf(files).filter(({ kind }) => ['incident', 'hold', 'anchor'].includes(kind));
          const row = JSON.stringify(rows[line % rows.length]);
          const bytes = Buffer.from(flip(Buffer.from(row)));
          const text = Buffer.from(files.get('records')!).toString('latin1');
          const body = Buffer.from(
            text
              .slice(0, text.lastIndexOf('\n', text.length - 2) + 1)
              .replace(Buffer.from(row).toString('latin1'), () => bytes.toString('latin1')),
            'latin1',
          );
          const end = { ...linesOf(files).at(-1), digest: createHash('sha256').update(body).digest('hex') };
          broken = new Map(files).set('records', Buffer.concat([body, Buffer.from(`${JSON.stringify(end)}\n`)]));
          named = row;
        }
        const { findings } = await verified(broken, firstKey);
        expect(findings.total, `${named} bit ${at}`).toBeGreaterThan(0);
        const [first] = findings.shown;
        expect(first!.at !== null || first!.where !== '', JSON.stringify(first)).toBe(true);
        if (path.startsWith('tile/')) expect(findings.shown.some((f) => f.at !== null)).toBe(true);
        else if (path === 'records') expect(findings.shown.map(({ where }) => where).join('\n')).toMatch(/^records/m);
        else if (path !== 'row') expect(first!.where).toBe(path === 'key' && first!.where === 'keys' ? 'keys' : path);
      }),
      { numRuns: 1000 },
    );
  }, 300_000);
});
