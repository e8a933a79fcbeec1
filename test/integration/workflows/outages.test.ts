import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemporal } from '../../../api/temporal.ts';
import { one, rows } from '../../../db/client.ts';
import { relayConnected } from '../../../db/read/relay.ts';
import { decide, refusal } from '../../support/decisions.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { OPERATOR, reportIncident } from '../../support/record.ts';

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

  it('a decision that failed so is taken under the same key once the record is back, and once', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch');
    const workflow_id = `recovery/${id}`;
    await on.running(workflow_id);
    const engine = openTemporal({ address: on.temporal.address, namespace: 'default' });
    try {
      const ask = () =>
        engine.decide({
          workflow_type: 'recoveryCeremony',
          workflow_id,
          severity_rank: 2,
          workspace_id: 'default',
          incident_id: id,
          decision_id: 'the-key',
          update: 'ack',
          input: { caller: OPERATOR, request_digest: 'digest', operator: 'me@org' },
        });
      on.toDatabase.cut();
      await eventually(async () => {
        const answer = await ask();
        return answer.kind === 'refused' && answer.code === 'database_unreachable';
      });
      on.toDatabase.restore();
      await eventually(async () => (await ask()).kind === 'accepted');
      const taken = await rows<{ decision_id: string }>(
        on.db,
        'SELECT decision_id FROM decisions WHERE aggregate = $1',
        [`incident/${id}`],
      );
      expect(taken).toEqual([{ decision_id: 'the-key' }]);
    } finally {
      on.toDatabase.restore();
      await engine.close();
    }
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
