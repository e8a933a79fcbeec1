import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '@temporalio/client';
import type { Database } from '../../db/client.ts';
import { one, openDatabase, rows } from '../../db/client.ts';
import { ceremonyAt } from '../support/ceremony.ts';
import { openClient } from '../support/control.ts';
import { eventually } from '../support/eventually.ts';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';

const BACK_WITHIN_MS = 180_000;
const GENEROUS_MS = 400_000;

let t: TestStack;
let db: Database;
let client: Client;
let disconnect: () => Promise<void>;
let ceremony: ReturnType<typeof ceremonyAt>;
beforeAll(async () => {
  t = await testStack();
  db = openDatabase({ url: t.stack.urls.database, name: 'faults', max: 2 });
  ({ client, close: disconnect } = await openClient(t.stack.urls.temporal));
  ceremony = ceremonyAt(t.stack.urls.api);
});
afterAll(async () => {
  await disconnect?.();
  await db?.end();
  await t?.close();
});

/** The run id once the engine runs the workflow; another than `not`. */
const running = (id: string, not?: string) =>
  eventually(async () => {
    const found = await client.workflow
      .getHandle(id)
      .describe()
      .catch(() => undefined);
    return found?.status.name === 'RUNNING' && found.runId !== not && found.runId;
  }, BACK_WITHIN_MS);

const recreated = async () => {
  const found = await rows<{ detail: string }>(
    db,
    `SELECT detail FROM ledger_entries WHERE action = 'process_recreated' ORDER BY entry_id`,
  );
  return found.map((row) => (JSON.parse(row.detail) as { workflow_id: string }).workflow_id);
};
const state = async (id: string) =>
  (await one<{ state: string }>(db, 'SELECT state FROM incidents WHERE id = $1', [id]))?.state;

async function complete(...ids: string[]): Promise<void> {
  for (const id of ids) {
    expect((await ceremony.tryResolve(id)).status).not.toBe(200);
    await ceremony.ack(id);
    await ceremony.resolve(id);
    expect(await state(id)).toBe('resolved');
  }
}

const temporal = (args: string) =>
  t.sh(`"\${CLI}" workflow ${args} --address ${t.stack.urls.temporal}`, {
    CLI: process.env['INTERLOCK_TEMPORAL_CLI'] ?? 'temporal',
  });
const BY_HAND = {
  terminated: (id: string) => temporal(`terminate -w '${id}' --reason 'by hand'`),
  cancelled: (id: string) => temporal(`cancel -w '${id}'`),
  reset: (id: string) => temporal(`reset -w '${id}' --type FirstWorkflowTask --reason 'by hand'`),
};

async function crossing(
  cls: 'prompt_injection' | 'policy_bypass_attempt' | 'tool_call_burst' | 'model_behavior_anomaly',
  n: number,
) {
  let last = '';
  for (let i = 0; i < n; i += 1) last = await ceremony.report(cls, `cross ${i}`);
  return `escalation/default/${last}`;
}

describe('processes ended by hand', () => {
  it(
    'each type terminated, cancelled and reset comes back, and its ceremony completes',
    async () => {
      const ids = {
        terminated: await ceremony.report('manifest_mismatch', 'terminated'),
        cancelled: await ceremony.report('manifest_mismatch', 'cancelled'),
        reset: await ceremony.report('manifest_mismatch', 'reset'),
      };
      const escalations = {
        terminated: await crossing('prompt_injection', 3),
        cancelled: await crossing('policy_bypass_attempt', 2),
        reset: await crossing('tool_call_burst', 5),
      };
      const ended = (['terminated', 'cancelled', 'reset'] as const).flatMap((how) =>
        [`incident/${ids[how]}`, `recovery/${ids[how]}`, escalations[how]].map((id) => ({ id, how })),
      );
      ended.push({ id: 'attestation/local', how: 'terminated' }, { id: 'integrity/protected', how: 'cancelled' });
      const before = new Map<string, string>();
      for (const { id } of ended) before.set(id, await running(id));
      await Promise.all(ended.map(({ id, how }) => BY_HAND[how](id)));
      await Promise.all(ended.map(({ id }) => running(id, before.get(id))));
      const entries = await recreated();
      for (const { id, how } of ended) if (how !== 'reset') expect(entries).toContain(id);
      for (const id of ['attestation/local', 'integrity/protected']) {
        const run = await running(id);
        await BY_HAND.reset(id);
        await running(id, run);
      }
      await complete(...Object.values(ids));
    },
    GENEROUS_MS,
  );
});

/** An adapter that no incident of these tests waits for; its process. */
async function putAdapter(name: string): Promise<string> {
  const definition =
    '{"mode":"external","url":"http://127.0.0.1:9/","actions":["disable_tool"],"internal":true,"secret":{"ref":"env:NONE"}}';
  await t.sh(`curl -sf -X PUT "$API/v1/adapters/${name}" -H 'Content-Type: application/json' -d '${definition}'`);
  const found = await one<{ adapter_id: string }>(db, 'SELECT adapter_id FROM adapters WHERE name = $1', [name]);
  return `adapter/${found?.adapter_id}`;
}

const gone = (id: string) =>
  eventually(async () => {
    const found = await client.workflow.getHandle(id).describe();
    return found.status.name === 'COMPLETED';
  }, BACK_WITHIN_MS);

/** A figure for whoever reads the run; how long it may take is no verdict of this suite. */
async function measured<T>(what: string, work: Promise<T>): Promise<T> {
  const since = performance.now();
  const result = await work;
  console.log(`${what} ${((performance.now() - since) / 1000).toFixed(1)} s after the engine was healthy`);
  return result;
}

/** The engine's files, replaced while it does not run: `from` absent, there are none. */
async function replaceDatabase(from?: string): Promise<void> {
  const folder = join(t.stateRoot, 'temporal');
  await t.stack.kill('temporal', 'SIGKILL');
  for (const file of readdirSync(folder)) rmSync(join(folder, file), { recursive: true });
  if (from !== undefined) for (const file of readdirSync(from)) copyFileSync(join(from, file), join(folder, file));
  await t.stack.ready('temporal');
}

async function copyDatabase(): Promise<string> {
  const [folder, to] = [join(t.stateRoot, 'temporal'), join(t.stateRoot, 'temporal-before')];
  mkdirSync(to);
  await t.stack.kill('temporal', 'SIGSTOP');
  for (const file of readdirSync(folder)) copyFileSync(join(folder, file), join(to, file));
  await t.stack.kill('temporal', 'SIGCONT');
  return to;
}

describe('the engine’s database', () => {
  it(
    'deleted: every process is created again from the record, on the record, and the ceremony completes',
    async () => {
      const id = await ceremony.report('manifest_mismatch', 'deleted');
      const every = [
        ...[
          `incident/${id}`,
          `recovery/${id}`,
          await crossing('model_behavior_anomaly', 3),
          await putAdapter('deleted'),
        ],
        ...['attestation/local', 'integrity/protected'],
      ];
      const before = new Map<string, string>();
      for (const each of every) before.set(each, await running(each));
      await ceremony.ack(id);
      // A poke that is still on its way would start a process by itself.
      await eventually(async () => (await one(db, 'SELECT 1 FROM outbox LIMIT 1')) === undefined);
      await replaceDatabase();
      await measured('all back', Promise.all(every.map((each) => running(each, before.get(each)))));
      expect(await recreated()).toEqual(expect.arrayContaining(every));
      expect(await state(id)).toBe('contained');
      await ceremony.resolve(id);
    },
    GENEROUS_MS,
  );

  it(
    'set back: what it forgot comes back, what the record has closed since ends by itself',
    async () => {
      const known = await ceremony.report('manifest_mismatch', 'before the copy');
      const resolved = await ceremony.report('manifest_mismatch', 'resolved after the copy');
      const retired = await putAdapter('retired');
      const stale = [`incident/${resolved}`, `recovery/${resolved}`, retired];
      for (const id of [`recovery/${known}`, ...stale]) await running(id);
      const copy = await copyDatabase();
      await ceremony.ack(known);
      await complete(resolved);
      await t.sh(`curl -sf -X POST "$API/v1/adapters/retired/retire" -H 'Content-Type: application/json' \\
        -d '{"reason":"taken down","confirm":"retired"}'`);
      for (const id of stale) await gone(id);
      const forgotten = await ceremony.report('manifest_mismatch', 'after the copy');
      const run = await running(`recovery/${forgotten}`);
      await replaceDatabase(copy);
      await Promise.all([
        measured('what was forgotten is back', running(`recovery/${forgotten}`, run)),
        measured('what is over is gone', Promise.all(stale.map(gone))),
      ]);
      expect(await recreated()).toContain(`recovery/${forgotten}`);
      await ceremony.resolve(known);
      expect(await state(known)).toBe('resolved');
      await complete(forgotten);
    },
    GENEROUS_MS,
  );
});
