import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTemporal } from '../../../api/temporal.ts';
import { startTemporal } from '../../support/temporal.ts';
import type { TestTemporal } from '../../support/temporal.ts';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal?.stop());

it('a decision waits for a worker that starts again, for as long as the engine itself answers', async () => {
  const engine = openTemporal({ address: temporal.address, namespace: 'default' });
  const connection = await NativeConnection.connect({ address: temporal.address });
  try {
    // Made beforehand: it polls when it runs, and how long its bundle takes is nobody's patience.
    const worker = await Worker.create({
      connection,
      namespace: 'default',
      taskQueue: 'control-critical',
      workflowsPath: fileURLToPath(new URL('../../support/stand-ins/rogue-workflows.ts', import.meta.url)),
    });
    const answer = engine.decide({
      workflow_type: 'recoveryCeremony',
      workflow_id: 'recovery/INC-20260314-120000-0001',
      severity_rank: 1,
      workspace_id: 'default',
      incident_id: 'INC-20260314-120000-0001',
      decision_id: 'd',
      update: 'resolve',
      input: { caller: { workspace_id: 'default', actor: 'a', on_behalf_of: null }, request_digest: 'x' },
    });
    await pause(2500);
    expect(await worker.runUntil(answer)).toEqual({ kind: 'accepted' });
  } finally {
    await connection.close();
    await engine.close();
  }
});
