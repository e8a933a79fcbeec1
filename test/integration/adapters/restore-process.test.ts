import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { retireAdapter } from '../../../db/command/part-with-adapter.ts';
import { adapterStanding, findAdapter } from '../../../db/read/adapters.ts';
import { waitingProcesses } from '../../../db/read/waiting-processes.ts';
import { reconcile } from '../../../workers/reconcile/reconcile.ts';
import { startAdapter } from '../../support/adapter-server.ts';
import type { TestAdapter } from '../../support/adapter-server.ts';
import { freshKey, incidentNow, register, resolveIncident, secretFile } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { OPERATOR, reportIncident } from '../../support/record.ts';

let processes: TestProcesses;
let adapter: TestAdapter;
let secret: ReturnType<typeof secretFile>;

beforeAll(async () => {
  processes = await startProcesses();
  secret = secretFile();
});
afterAll(async () => {
  await processes?.close();
  secret?.remove();
});
beforeEach(async () => {
  adapter = await startAdapter();
  await register(db(), { name: 'only', url: adapter.url, ref: secret.ref });
});
afterEach(async () => {
  const asked = { object: 'only', reason: 'over', single_operator: true, confirm: 'only', key: freshKey() };
  await retireAdapter(db(), OPERATOR, asked);
  await adapter.close();
});

const db = () => processes.db;

/** A contained incident whose adapter, which was told everything else, refuses from now on. */
async function containedAndRefusing(subject: string): Promise<string> {
  const { id } = await reportIncident(db(), 'tool_call_burst', { evidence: { subject } });
  await eventually(async () => (await incidentNow(db(), id)).state === 'contained');
  await eventually(async () => (await restores()) === 0);
  adapter.behave = (_state, res) => void res.writeHead(500).end();
  return id;
}
const restores = async () => (await adapterStanding(db(), 'default', 'only'))!.due_restores;
const closing = (id: string) =>
  eventually(async () => (await processes.attributes(`incident/${id}`))['ProcessState'] === 'closing');

describe('a restore', () => {
  it('that is refused is retried, keeps the process of the incident and does not open it again', async () => {
    const id = await containedAndRefusing('agent:stays');
    await resolveIncident(db(), id);
    await eventually(async () => (await findAdapter(db(), 'default', 'only'))!.last_error === 'refused');
    expect((await incidentNow(db(), id)).state).toBe('resolved');
    expect(await restores()).toBe(1);
    const response = processes.client.workflow.getHandle(`incident/${id}`);
    await closing(id);
    expect((await response.describe()).status.name).toBe('RUNNING');
    expect(await waitingProcesses(db(), 'default', id)).toEqual(new Set(['incidentResponse']));
    adapter.behave = null;
    await eventually(async () => adapter.holding.get('agent/agent:stays')?.state === 'open');
    await response.result();
    expect((await incidentNow(db(), id)).state).toBe('resolved');
    expect(await waitingProcesses(db(), 'default', id)).toEqual(new Set());
  });

  it('that is refused keeps the process also when somebody has ended it', async () => {
    const id = await containedAndRefusing('agent:kept');
    await resolveIncident(db(), id);
    await closing(id);
    const workflow = `incident/${id}`;
    const before = await processes.running(workflow);
    await processes.client.workflow.getHandle(workflow).terminate();
    await db().query(`UPDATE process SET started_at = started_at - interval '1 minute' WHERE workflow_id = $1`, [
      workflow,
    ]);
    await eventually(async () => {
      await reconcile({ db: db(), client: processes.client, log: pino({ level: 'silent' }) });
      return (await processes.running(workflow, 500).catch(() => before)) !== before;
    });
    adapter.behave = null;
    await processes.client.workflow.getHandle(workflow).result();
    expect(adapter.holding.get('agent/agent:kept')?.state).toBe('open');
  });

  it('that nobody has to be told keeps nothing: without an adapter the process closes with its incident', async () => {
    const asked = { object: 'only', reason: 'over', single_operator: true, confirm: 'only', key: freshKey() };
    const { id } = await reportIncident(db(), 'tool_call_burst', { evidence: { subject: 'agent:alone' } });
    await eventually(async () => (await incidentNow(db(), id)).state === 'contained');
    await retireAdapter(db(), OPERATOR, asked);
    await resolveIncident(db(), id);
    await processes.client.workflow.getHandle(`incident/${id}`).result();
    expect(await waitingProcesses(db(), 'default', id)).toEqual(new Set());
  });
});
