import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../db/client.ts';
import { one, openDatabase } from '../../db/client.ts';
import { ceremonyAt } from '../support/ceremony.ts';
import { post } from '../support/calls.ts';
import { eventually } from '../support/eventually.ts';
import { codecsOf } from '../support/payload-keys.ts';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';
import { rogueActivities } from '../support/stand-ins/rogue-activities.ts';

const QUEUES = ['control', 'control-critical', 'attester/local'];
const WORKFLOWS = fileURLToPath(new URL('../support/stand-ins/rogue-workflows.ts', import.meta.url));
const GENEROUS_MS = 180_000;

let t: TestStack;
let db: Database;
let connection: NativeConnection;
let ceremony: ReturnType<typeof ceremonyAt>;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  t = await testStack();
  db = openDatabase({ url: t.stack.urls.database, name: 'rogue', max: 2 });
  connection = await NativeConnection.connect({ address: t.stack.urls.temporal });
  ceremony = ceremonyAt(t.stack.urls.api);
});
afterAll(async () => {
  await connection?.close();
  await db?.end();
  await t?.close();
});

/** Runs `work` while somebody else polls our queues, with activities and, on request, with workflows of their own. */
async function beside(withWorkflows: boolean, work: (taken: () => number) => Promise<void>): Promise<void> {
  const { taken, activities } = rogueActivities();
  const ours = withWorkflows ? { workflowsPath: WORKFLOWS } : {};
  const workers = await Promise.all(
    QUEUES.map((taskQueue) =>
      Worker.create({
        connection,
        taskQueue,
        activities,
        dataConverter: { payloadCodecs: codecsOf(t.stateRoot) },
        ...ours,
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  try {
    await work(taken);
  } finally {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
  }
}

const row = (id: string) =>
  one<{ state: string; acked_at: string | null; re_attested_at: string | null; standing: number }>(
    db,
    `SELECT state, acked_at, re_attested_at,
      (SELECT count(*) FROM holds h WHERE h.incident_id = i.id AND h.released_at IS NULL) AS standing
      FROM incidents i WHERE id = $1`,
    [id],
  );
const CLOSED = { state: 'contained', acked_at: null, re_attested_at: null, standing: 3 };
const closed = async (): Promise<boolean> => {
  const { body } = await post(`${t.stack.urls.api}/v1/gates/check`, { gate: 'vault' });
  return body['open'] === false;
};

/** Killed, and stopped before it polls again: what a frozen process was given already would wait for it. */
async function freeze(name: string): Promise<() => Promise<void>> {
  await t.stack.kill(name, 'SIGKILL');
  await eventually(async () => t.stack.pids[name] !== undefined);
  await t.stack.kill(name, 'SIGSTOP');
  return () => t.stack.kill(name, 'SIGCONT');
}

describe('a rogue worker on our queues', () => {
  it(
    'that answers in the attester’s place gets no re-attestation recorded',
    async () => {
      const id = await ceremony.report('attestation_failure', 'rogue attester');
      await beside(false, async (taken) => {
        const thaw = await freeze('attester');
        try {
          expect((await ceremony.tryReattest(id)).status).not.toBe(200);
          expect(taken()).toBeGreaterThan(0);
          expect(await row(id)).toEqual(CLOSED);
          expect(await closed()).toBe(true);
        } finally {
          await thaw();
        }
      });
      expect((await ceremony.tryResolve(id)).body['missing']).toEqual(['ack', 'reattest']);
    },
    GENEROUS_MS,
  );

  it(
    'that runs our workflows and grants every decision opens no latch',
    async () => {
      const thaw = await freeze('control');
      const id = await ceremony.report('attestation_failure', 'rogue control');
      try {
        await beside(true, async () => {
          const answers = [
            await ceremony.tryReattest(id),
            await post(`${t.stack.urls.api}/api/v1/recovery/ack`, { incident_id: id, operator: 'rogue' }),
            await ceremony.tryResolve(id),
          ];
          expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
          expect(await row(id)).toEqual(CLOSED);
          expect(await closed()).toBe(true);
        });
      } finally {
        await thaw();
      }
      expect(await row(id)).toEqual(CLOSED);
    },
    GENEROUS_MS,
  );
});
