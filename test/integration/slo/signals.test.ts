import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAuthentication } from '../../../api/auth/open-authentication.ts';
import { loadSloFile } from '../../../config/slo-file.ts';
import { variables } from '../../../config/variables.ts';
import { openDatabase, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { countRefusals } from '../../../db/command/count-refusals.ts';
import { judgeSignals } from '../../../db/command/judge-signals.ts';
import { queueDeliveries } from '../../../db/command/queue-deliveries.ts';
import { eventually } from '../../support/eventually.ts';
import { hookOf, useHooks } from '../../support/hooks.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { json, startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { removeTree } from '../../support/remove-tree.ts';

const thresholds = loadSloFile(variables.INTERLOCK_SLO_FILE.parse(undefined));
const log = pino({ level: 'silent' });

let database: TestDatabase;
let db: Database;
let api: ApiUnderTest;
let door: Awaited<ReturnType<typeof openAuthentication>>;
let stateRoot: string;
beforeAll(async () => {
  stateRoot = mkdtempSync(join(tmpdir(), 'interlock-slo-'));
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test', max: 4 });
  const settings = { tokensFile: undefined, adminTokenFile: undefined, readonlyTokenFile: undefined, stateRoot };
  door = await openAuthentication({ ...settings, loopbackTrust: false, databaseUrl: database.url }, { db, log });
  api = await startApi({ auth: door.auth });
});
afterAll(async () => {
  await api?.close();
  await door?.close();
  await db?.end();
  await database?.drop();
  removeTree(stateRoot);
});

const counted = async () =>
  Object.fromEntries(
    (
      await rows<{ signal: string; n: number }>(
        db,
        'SELECT signal, sum(n)::int4 AS n FROM limit_refusals GROUP BY signal',
      )
    ).map(({ signal, n }) => [signal, n]),
  );
const levels = async () =>
  Object.fromEntries(
    (await rows<{ signal: string; level: string }>(db, 'SELECT signal, level FROM slo_signals')).map((s) => [
      s.signal,
      s.level,
    ]),
  );
const told = () =>
  rows<{ kind: string; severity: string; message: string }>(
    db,
    `SELECT kind, severity, message FROM notifications WHERE actor = 'slo' ORDER BY id`,
  );
/** Moves what was counted into the past, and has it go on every five minutes since. */
const lasted = (minutes: number) =>
  db.query(
    `INSERT INTO limit_refusals (workspace_id, signal, minute, n, actor)
      SELECT 'system', 'auth_limits', date_trunc('minute', clock_timestamp()) - m * interval '1 minute', 1, 'limits'
        FROM generate_series(5, $1::int4, 5) AS m ON CONFLICT DO NOTHING`,
    [minutes],
  );

describe('what the limiters of the door refuse', () => {
  it('S1-128 warns, pages when it goes on, is sent to hooks, and is over when it stops', async () => {
    await useHooks(db, hookOf('pager', 'http://127.0.0.1:9/', 'slot:none', { events: ['page'], min_severity: 'low' }));
    for (let n = 0; n < 20; n += 1) await api.get('/v1/gates', { headers: { Authorization: `Bearer guessed-${n}` } });
    for (let n = 0; n < 20; n += 1) await api.get('/v1/gates', { headers: { Origin: 'https://strange.example' } });
    await eventually(async () => {
      const { auth_limits = 0, cors_limits = 0 } = await counted();
      return auth_limits >= 5 && cors_limits >= 5;
    });
    expect(await judgeSignals(db, thresholds)).toEqual(['auth_limits', 'cors_limits']);
    expect(await judgeSignals(db, thresholds)).toEqual([]);
    expect(await levels()).toEqual({
      auth_limits: 'warn',
      cors_limits: 'warn',
      provider_readiness: 'ok',
      secret_limits: 'ok',
    });
    await lasted(40);
    expect(await judgeSignals(db, thresholds)).toEqual(['auth_limits']);
    expect(await told()).toMatchObject([
      { kind: 'alert', severity: 'medium', message: expect.stringContaining('auth_limits is at warn') as string },
      { kind: 'alert', message: expect.stringContaining('cors_limits is at warn') as string },
      { kind: 'page', severity: 'high', message: expect.stringContaining('auth_limits is at page') as string },
    ]);
    while ((await queueDeliveries(db)) > 0);
    expect(await rows(db, 'SELECT hook FROM deliveries')).toEqual([{ hook: 'pager' }]);
    await db.query(`UPDATE limit_refusals SET minute = minute - interval '2 hours'`);
    expect(await judgeSignals(db, thresholds)).toEqual(['auth_limits', 'cors_limits']);
    expect(await told()).toHaveLength(3);
    const entries = await rows<{ detail: string }>(
      db,
      `SELECT detail FROM ledger_entries WHERE action = 'slo_signal' AND object = 'slo/auth_limits' ORDER BY entry_id`,
    );
    expect(entries.map(({ detail }) => JSON.parse(detail) as object)).toMatchObject([
      { before: 'ok', level: 'warn' },
      { before: 'warn', level: 'page' },
      { before: 'page', level: 'ok', since: null },
    ]);
  });

  it('is forgotten after a day', async () => {
    await countRefusals(db, new Map([['secret_limits', 3]]));
    await db.query(`UPDATE limit_refusals SET minute = minute - interval '2 days'`);
    await judgeSignals(db, thresholds);
    expect(await counted()).toEqual({});
  });
});

it('S1-128 status has every signal with its level and since when', async () => {
  const local = await startApi({});
  try {
    const slo = async () =>
      (await json<{ slo: { signal: string; level: string; since: string | null }[] }>(local.get('/v1/status'))).slo;
    expect((await slo()).map(({ signal }) => signal)).toEqual(['debug_capture']);
    await countRefusals(local.db, new Map([['secret_limits', 2]]));
    await judgeSignals(local.db, thresholds);
    const found = Object.fromEntries((await slo()).map((s) => [s.signal, s]));
    expect(found).toMatchObject({
      debug_capture: { level: 'ok', since: null },
      auth_limits: { level: 'ok', since: null },
      secret_limits: { level: 'warn', since: expect.stringMatching(/Z$/) as string },
    });
  } finally {
    await local.close();
  }
});
