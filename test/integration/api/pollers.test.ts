import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTemporal } from '../../../api/temporal.ts';
import { eventually } from '../../support/eventually.ts';
import { startTemporal } from '../../support/temporal.ts';
import type { TestTemporal } from '../../support/temporal.ts';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal?.stop());

it('a queue without pollers is named; who polls egress runs activities only', async () => {
  const engine = openTemporal({ address: temporal.address, namespace: 'default' });
  const connection = await NativeConnection.connect({ address: temporal.address });
  try {
    expect(await engine.status()).toMatchObject({
      reachable: true,
      polled: [],
      unpolled: ['control', 'control-critical', 'egress'],
    });
    const activities = { nothing: async () => undefined };
    const worker = await Worker.create({ connection, namespace: 'default', taskQueue: 'egress', activities });
    await worker.runUntil(async () => {
      await eventually(async () => !(await engine.status()).unpolled.includes('egress'));
      expect(await engine.status()).toMatchObject({
        reachable: true,
        polled: ['egress'],
        unpolled: ['control', 'control-critical'],
      });
    });
  } finally {
    await connection.close();
    await engine.close();
  }
});
