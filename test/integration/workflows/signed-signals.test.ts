import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { decide, refusal } from '../../support/decisions.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { reportIncident } from '../../support/record.ts';

let on: TestProcesses;

beforeAll(async () => {
  on = await startProcesses({ control: { signals: 'signed' } });
});
afterAll(() => on?.close());

describe('where signals have to be signed', () => {
  it('one that is not is refused on the record, and so is an update that no door has authenticated', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch');
    const ceremony = `recovery/${id}`;
    await on.running(ceremony);
    await on.client.workflow.getHandle(ceremony).signal('ack', { operator: 'me@org', decision_id: 'sig-1' });
    const refusals = () =>
      rows<{ outcome: string }>(on.db, `SELECT outcome FROM decisions WHERE aggregate = $1 AND decision_id = 'sig-1'`, [
        `incident/${id}`,
      ]);
    await eventually(async () => (await refusals()).length > 0);
    expect((await refusals())[0]?.outcome).toBe('{"code":"signal_unsigned","ok":false}');
    const anonymous = on.client.workflow.getHandle(ceremony).executeUpdate('ack', { args: [{ operator: 'me@org' }] });
    expect((await refusal(anonymous)).type).toBe('signature_required');
    await decide(on.client, ceremony, 'ack', { operator: 'me@org' });
    await decide(on.client, ceremony, 'resolve');
  });
});
