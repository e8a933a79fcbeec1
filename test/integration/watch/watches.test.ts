import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import { readIntegrityDiff } from '../../../db/read/integrity-diff.ts';
import { endWatch } from '../../../db/write/watches.ts';
import { transaction } from '../../../db/transaction.ts';
import { reconcile } from '../../../workers/reconcile/reconcile.ts';
import { refusal } from '../../support/decisions.ts';
import { eventually } from '../../support/eventually.ts';
import { OPERATOR } from '../../support/record.ts';
import { startWatched } from '../../support/watched.ts';
import type { Watched } from '../../support/watched.ts';

const QUOTES = 'attestation/local';
const CHECKS = 'integrity/protected';
let on: Watched;
beforeAll(async () => {
  on = await startWatched({ dynamicConfig: ['limit.historyCount.suggestContinueAsNew=60'] });
});
afterAll(() => on?.close());

const handle = (id: string) => on.client.workflow.getHandle(id);
const runId = async (id: string) => (await handle(id).describe()).runId;
const count = async (table: 'attestation_results' | 'integrity_results') =>
  (await one<{ n: number }>(on.db, `SELECT count(*) AS n FROM ${table}`))?.n ?? 0;
const ask = (id: string, name: string, input: object, updateId: string) =>
  handle(id).executeUpdate<unknown, [object]>(name, { args: [input], updateId });
const entries = (action: string, object: string) =>
  rows<{ detail: string }>(
    on.db,
    'SELECT detail FROM ledger_entries WHERE action = $1 AND object = $2 ORDER BY entry_id',
    [action, object],
  );
const by = { caller: OPERATOR, request_digest: 'digest' };

describe('a watch', () => {
  it('is listed with what the engine has to run, and settled: the relay waits for none', async () => {
    const listed = await rows(
      on.db,
      `SELECT workflow_id, type, subject, settled_at IS NOT NULL AS settled FROM process ORDER BY 1`,
    );
    expect(listed).toEqual([
      { workflow_id: QUOTES, type: 'attestationWatch', subject: 'local', settled: true },
      { workflow_id: CHECKS, type: 'integrityWatch', subject: 'protected', settled: true },
    ]);
    expect((await handle(QUOTES).describe()).taskQueue).toBe('control-critical');
  });

  it('looks when it is poked, and goes on in a new run before its history grows long', async () => {
    const first = await runId(QUOTES);
    await eventually(async () => {
      const before = await count('attestation_results');
      await on.poke(QUOTES);
      await eventually(async () => (await count('attestation_results')) > before);
      return (await runId(QUOTES)) !== first;
    });
    const before = await count('attestation_results');
    await on.poke(QUOTES);
    await eventually(async () => (await count('attestation_results')) > before);
    const [started] = (await handle(QUOTES).fetchHistory()).events ?? [];
    const input = started?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
    expect(JSON.parse(Buffer.from(input ?? []).toString())).toEqual({ schema: 1, node: 'local' });
  });

  it('that was terminated or cancelled is started again from the record', async () => {
    for (const [id, end] of [
      [QUOTES, () => handle(QUOTES).terminate('by hand')],
      [CHECKS, () => handle(CHECKS).cancel()],
    ] as const) {
      const before = await runId(id);
      await end();
      await handle(id)
        .result()
        .catch(() => undefined);
      await on.db.query(`UPDATE process SET started_at = started_at - interval '1 minute'`);
      await reconcile({ db: on.db, client: on.client, log: pino({ level: 'silent' }) });
      await eventually(async () => (await runId(id)) !== before);
    }
    expect(await entries('process_recreated', 'node/local')).toHaveLength(1);
    expect(await entries('process_recreated', 'baseline/protected')).toHaveLength(1);
  });
});

describe('a decision about a watched node', () => {
  it('is refused with its code, and on the record', async () => {
    const input = { ...by, pcr: 23, reason: 'why not' };
    const once = await refusal(ask(QUOTES, 'approveReference', input, 'early'));
    expect(once.type).toBe('approval_unjustified');
    expect((await entries('decision_refused', 'node/local')).map((e) => JSON.parse(e.detail) as unknown)).toEqual([
      { decision: 'approve_reference', code: 'approval_unjustified' },
    ]);
  });

  it.each([
    ['no PCR', { pcr: 24, reason: 'r' }],
    ['no reason', { pcr: 23, reason: ' ' }],
    ['a ticket that is none', { pcr: 23, reason: 'r', ticket: 7 }],
    ['a digest that is none', { pcr: 23, reason: 'r', reviewed: 'all of it' }],
  ])('is refused before it is history when it names %s', async (_what, input) => {
    expect((await refusal(ask(QUOTES, 'approveReference', { ...by, ...input }, `malformed-${_what}`))).type).toBe(
      'malformed',
    );
  });

  it('makes a signed version once, whoever repeats it', async () => {
    const input = { ...by, pcr: 23, reason: 'maintenance', ticket: 'CHG-1' };
    expect(await ask(QUOTES, 'approveReference', input, 'approve-1')).toEqual({ version: 2 });
    const before = await runId(QUOTES);
    await handle(QUOTES).terminate();
    await on.db.query(`UPDATE process SET started_at = started_at - interval '1 minute'`);
    await reconcile({ db: on.db, client: on.client, log: pino({ level: 'silent' }) });
    await eventually(async () => (await runId(QUOTES)) !== before);
    expect(await ask(QUOTES, 'approveReference', input, 'approve-1')).toEqual({ version: 2 });
  });

  it('is followed by a fresh quote', async () => {
    const before = await count('attestation_results');
    await ask(QUOTES, 'approveReference', { ...by, pcr: 23, reason: 'again', ticket: 'CHG-2' }, 'approve-2');
    await eventually(async () => (await count('attestation_results')) > before);
    expect((await on.states())[0]).toBe('trusted');
  });
});

describe('a check that somebody asks for', () => {
  it('finds what changed, and an approval of it is checked at once', async () => {
    expect(await ask(CHECKS, 'check', {}, 'check-1')).toEqual({ passed: true });
    appendFileSync(join(on.protectedPath, 'system-prompt.md'), 'More.\n');
    expect(await ask(CHECKS, 'check', {}, 'check-2')).toMatchObject({ passed: false });
    const reviewed = async () => (await readIntegrityDiff(on.db, 'protected'))?.observed_digest;
    const seen = await reviewed();
    appendFileSync(join(on.protectedPath, 'system-prompt.md'), 'And more.\n');
    const approve = (digest: string | null | undefined, id: string) =>
      ask(CHECKS, 'approveBaseline', { ...by, reason: 'reviewed', reviewed: digest }, id);
    expect((await refusal(approve(seen, 'approve-2b'))).type).toBe('observation_changed');
    expect((await entries('decision_refused', 'baseline/protected')).map((e) => e.detail)).toHaveLength(1);
    expect(await ask(CHECKS, 'check', {}, 'check-2b')).toMatchObject({ passed: false });
    expect(await approve(await reviewed(), 'approve-3')).toEqual({ version: 2 });
    await eventually(async () => {
      const row = await one<{ passed: boolean; v: number }>(
        on.db,
        'SELECT passed, baseline_version AS v FROM integrity_results ORDER BY result_id DESC LIMIT 1',
      );
      return row?.passed === true && row.v === 2;
    });
  });

  it('S4-36 S4-37 counts looks that see nothing: after two of them a state is unknown', async () => {
    await on.db.query(`UPDATE incident_counters SET n = 0`);
    await eventually(async () => (await on.states()).join() === 'trusted,trusted');
    const attester = await on.loseAttester();
    for (const id of [QUOTES, CHECKS]) await on.poke(id);
    const missed = async () => [
      (await one<{ n: number }>(on.db, 'SELECT missed_quotes AS n FROM attestation_nodes'))?.n,
      (await one<{ n: number }>(on.db, 'SELECT missed_checks AS n FROM integrity_standings'))?.n,
    ];
    await eventually(async () => (await missed()).join() === '1,1');
    expect(await on.states()).toEqual(['trusted', 'trusted']);
    expect((await refusal(ask(CHECKS, 'check', {}, 'check-3'))).type).toBe('attester_unreachable');
    await on.poke(QUOTES);
    await eventually(async () => (await missed()).join() === '2,2');
    expect(await on.states()).toEqual(['unknown', 'unknown']);
    attester();
    for (const id of [QUOTES, CHECKS]) await on.poke(id);
    await eventually(async () => (await on.states()).join() === 'trusted,trusted');
  });
});

it('a watch returns when its node is retired, and is not started again', async () => {
  await transaction(on.db, async (tx) => {
    await tx.query(`UPDATE attestation_nodes SET state = 'retired', retired_at = now()`);
    await endWatch(tx, 'attestationWatch', 'local', new Date().toISOString());
  });
  await on.poke(QUOTES);
  await handle(QUOTES).result();
  expect(await reconcile({ db: on.db, client: on.client, log: pino({ level: 'silent' }) })).toBe(0);
});
