// Milliseconds from sending a critical report until its adapter has acknowledged all three gates, and until the record
// says so, p50 and p95: idle, and with rows in the outbox and started processes of lower severity.
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import { one, openDatabase, rows } from '../db/client.ts';
import { startAdapter } from '../test/support/adapter-server.ts';
import { secretFile } from '../test/support/adapters.ts';
import { testStack } from '../test/support/stack.ts';
import { quantile, summary } from './statistics.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const REPORTS = Number(process.env['BENCH_REPORTS'] ?? 40);
const BACKLOG = Number(process.env['BENCH_BACKLOG'] ?? 10_000);
const STARTED = Number(process.env['BENCH_STARTED'] ?? 2_000);
const CLIENTS = 64;
const QUIET_MS = 100;
const GIVEN_UP_MS = 60_000;

const secret = secretFile();
const adapter = await startAdapter();
const { stack, close } = await testStack({ only: ['postgres', 'temporal', 'control', 'api'] });
const http = new Pool(stack.urls.api, { connections: CLIENTS });
const db = openDatabase({ url: stack.urls.database, name: 'bench', max: 2 });

async function send(method: Dispatcher.HttpMethod, path: string, body: object): Promise<{ id: string }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await http.request({ method, path, headers, body: JSON.stringify(body) });
  if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${await answer.body.text()}`);
  return (await answer.body.json()) as { id: string };
}

let reported = 0;
const report = (cls: string) =>
  send('POST', '/api/v1/incidents/report', { class: cls, source: `bench-${reported++}`, description: 'bench' });

/** Answers of the adapter, in the order of their sending. */
const answered: { gate: string; generation: number; at: number }[] = [];
adapter.behave = ({ gate, generation }, _res, take) => {
  take();
  answered.push({ gate, generation, at: performance.now() });
};

interface Times {
  /** Until the adapter had answered for each of the report's holds. */
  answered: number;
  /** Until the incident had no pending action. */
  recorded: number;
}

async function acknowledged(): Promise<Times> {
  const from = performance.now();
  const { id } = await report('attestation_failure');
  const holds = await rows<{ gate: string; generation: number }>(
    db,
    `SELECT gate, generation FROM holds WHERE workspace_id = 'default' AND incident_id = $1`,
    [id],
  );
  for (;;) {
    const row = await one<{ pending_actions: number }>(
      db,
      `SELECT pending_actions FROM incidents WHERE workspace_id = 'default' AND id = $1`,
      [id],
    );
    if (row?.pending_actions === 0) break;
    if (performance.now() - from > GIVEN_UP_MS) throw new Error(`${id} was not acknowledged`);
    await sleep(2);
  }
  const recorded = performance.now() - from;
  const each = holds.map(
    (h) => answered.find((a) => a.gate === h.gate && a.generation >= h.generation)?.at ?? Number.NaN,
  );
  return { answered: Math.max(...each) - from, recorded };
}

async function measure(name: string, before: () => Promise<unknown>, after: () => Promise<unknown>): Promise<void> {
  const list: Record<'p50' | 'p95', Record<keyof Times, number[]>> = {
    p50: { answered: [], recorded: [] },
    p95: { answered: [], recorded: [] },
  };
  for (let round = 0; round < ROUNDS; round++) {
    await before();
    const times: Times[] = [];
    for (let i = 0; i < REPORTS; i++) {
      times.push(await acknowledged());
      await sleep(QUIET_MS);
    }
    await after();
    answered.length = 0;
    for (const what of ['answered', 'recorded'] as const) {
      const sample = times.map((t) => t[what]);
      list.p50[what].push(quantile(sample, 0.5));
      list.p95[what].push(quantile(sample, 0.95));
    }
  }
  for (const what of ['answered', 'recorded'] as const)
    console.log(`${name}, ${what}: p50 ms ${summary(list.p50[what], 0)}; p95 ms ${summary(list.p95[what], 0)}`);
}

const count = async (from: string): Promise<number> =>
  (await one<{ n: number }>(db, `SELECT count(*) AS n FROM ${from}`))?.n ?? 0;
const outbox = () => count('outbox WHERE severity_rank > 1');
const started = () => count('process WHERE severity_rank > 1 AND over_at IS NULL AND started_at IS NOT NULL');

/** Reports of high severity whose ceremonies nobody attends; each has to be acknowledged and leaves rows in the outbox. */
async function pile(n: number): Promise<void> {
  let left = n;
  const client = async () => {
    while (left-- > 0) await report('manifest_mismatch');
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  while ((await count('holds WHERE awaited')) > 0) await sleep(50);
}

const seen: { rows: number[]; started: number[] } = { rows: [], started: [] };

async function note(): Promise<void> {
  seen.rows.push(await outbox());
  seen.started.push(await started());
}

try {
  await send('PUT', '/v1/adapters/bench', {
    mode: 'external',
    url: adapter.url,
    actions: ['freeze_agent', 'disable_airlock', 'force_vault_relock'],
    secret: { ref: secret.ref },
    internal: true,
  });
  for (let i = 0; i < 5; i++) await acknowledged();
  await measure(
    'idle',
    () => Promise.resolve(),
    () => Promise.resolve(),
  );

  await pile(STARTED / 2);
  while ((await started()) < STARTED) await sleep(200);
  const fill = async () => {
    while ((await outbox()) < BACKLOG) await pile(BACKLOG / 20);
    await note();
  };
  await measure('under backlog', fill, note);
  console.log(`backlog: rows ${summary(seen.rows, 0)}; started processes ${summary(seen.started, 0)}`);
} finally {
  secret.remove();
  await Promise.allSettled([http.close(), db.end(), adapter.close()]);
  await close();
}
