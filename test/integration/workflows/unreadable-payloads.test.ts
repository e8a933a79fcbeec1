import { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { getIncident } from '../../../db/read/incident.ts';
import { payloadCodecs } from '../../../storage/payload-codec.ts';
import { decide, refusal } from '../../support/decisions.ts';
import { eventually } from '../../support/eventually.ts';
import { payloadKey } from '../../support/payload-keys.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { reportIncident } from '../../support/record.ts';

const ours = payloadCodecs([payloadKey('ours', 1)]);
const theirs = payloadCodecs([payloadKey('theirs', 2)]);
let on: TestProcesses;
beforeAll(async () => {
  on = await startProcesses({ control: { payloadCodecs: ours } });
});
afterAll(() => on?.close());

const clientWith = (codecs: typeof ours) =>
  new Client({ connection: on.client.connection, dataConverter: { payloadCodecs: codecs } });

/** A signal whose payload is no JSON though it says so. */
const broken = (workflowId: string, signalName: string) =>
  on.client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId },
    signalName,
    input: { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"operator": ') }] },
  });

it('a ceremony goes on after signals and updates that it cannot read, and takes none of them for a decision', async () => {
  const { id } = await reportIncident(on.db, 'manifest_mismatch');
  const ceremony = `recovery/${id}`;
  await on.running(ceremony);
  const stranger = clientWith(theirs).workflow.getHandle(ceremony);
  await decide(clientWith(ours), ceremony, 'ack', { operator: 'me@org' }, 'before');
  for (const name of ['ack', 'reattest', 'resolve', 'poke']) {
    await stranger.signal(name, { operator: 'x' });
    await broken(ceremony, name);
  }
  for (const name of ['ack', 'resolve'])
    await expect(stranger.executeUpdate(name, { args: [{ operator: 'x' }] })).rejects.toThrow();
  expect((await refusal(decide(clientWith(ours), ceremony, 'ack', { operator: '' }))).type).toBe('malformed');
  expect((await getIncident(on.db, 'default', id))?.state).toBe('contained');
  await decide(clientWith(ours), ceremony, 'resolve', {}, 'after');
  await clientWith(ours).workflow.getHandle(ceremony).result();
  const taken = await rows<{ decision_id: string }>(
    on.db,
    'SELECT decision_id FROM decisions WHERE aggregate = $1 ORDER BY at',
    [`incident/${id}`],
  );
  expect(taken.map(({ decision_id }) => decision_id)).toEqual(['before', 'after']);
  const said = on.control.lines.filter(({ event }) => event === 'payload.unreadable');
  expect(said).toContainEqual(expect.objectContaining({ workflow_id: ceremony, reason: 'PayloadError' }));
  expect(said).toContainEqual(expect.objectContaining({ workflow_id: ceremony, reason: 'SyntaxError' }));
  expect(JSON.stringify(on.control.lines)).not.toContain('{"operator": ');
});

it('a workflow whose own input it cannot read does not run', async () => {
  const workflowId = 'recovery/INC-20260101-000000-0001';
  const started = await clientWith(theirs).workflow.start('recoveryCeremony', {
    workflowId,
    taskQueue: 'control',
    args: [{ schema: 1, workspace_id: 'default', incident_id: 'INC-20260101-000000-0001' }],
  });
  const failed = await eventually(async () => {
    const { events } = await started.fetchHistory();
    return events?.find((event) => event.workflowTaskFailedEventAttributes != null);
  });
  expect(failed.workflowTaskFailedEventAttributes?.failure?.message).toContain('cannot be read');
  expect((await started.describe()).status.name).toBe('RUNNING');
  await started.terminate();
});
