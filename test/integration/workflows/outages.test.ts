import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one } from '../../../db/client.ts';
import { relayConnected } from '../../../db/read/relay.ts';
import { decide, refusal } from '../../support/decisions.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { reportIncident } from '../../support/record.ts';

let on: TestProcesses;

beforeAll(async () => {
  on = await startProcesses();
});
afterAll(() => on?.close());

describe('while Postgres is away', () => {
  it('a decision fails with its code instead of waiting, and the next one is decided when it is back', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch');
    const ceremony = `recovery/${id}`;
    await on.running(ceremony);
    on.toDatabase.cut();
    expect((await refusal(decide(on.client, ceremony, 'ack', { operator: 'me@org' }))).type).toBe(
      'database_unreachable',
    );
    on.toDatabase.restore();
    await decide(on.client, ceremony, 'ack', { operator: 'me@org' });
    await decide(on.client, ceremony, 'resolve');
    await on.client.workflow.getHandle(ceremony).result();
  });

  it('the relay comes back by itself and carries what was written meanwhile', async () => {
    on.toDatabase.cut();
    await eventually(async () => !(await relayConnected(on.db)));
    const { id } = await reportIncident(on.db, 'manifest_mismatch');
    on.toDatabase.restore();
    await on.running(`recovery/${id}`);
    await eventually(() => relayConnected(on.db));
    expect(on.control.lines.map((l) => l.event)).toContain('listen.failed');
  });
});

describe('while Temporal is away', () => {
  it('pokes wait in the outbox and are delivered when it is back', async () => {
    await on.temporal.kill();
    const { id } = await reportIncident(on.db, 'attestation_failure');
    await eventually(async () => on.control.lines.some((l) => l.event === 'relay.poke_failed'));
    const waiting = await one<{ n: number }>(on.db, 'SELECT count(*) AS n FROM outbox WHERE subject = $1', [id]);
    expect(waiting?.n).toBe(1);
    await on.temporal.start();
    await on.running(`recovery/${id}`);
    await eventually(async () => (await one(on.db, 'SELECT 1 FROM outbox')) === undefined);
  });
});
