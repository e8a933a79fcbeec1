import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { getIncident } from '../../../db/read/incident.ts';
import { waitingProcesses } from '../../../db/read/waiting-processes.ts';
import type { Incident } from '../../../domain/incident/types.ts';
import { decide, refusal } from '../../support/decisions.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { reportIncident } from '../../support/record.ts';

const run = promisify(execFile);

let on: TestProcesses;

beforeAll(async () => {
  on = await startProcesses();
});
afterAll(() => on?.close());

const described = async (id: string) => {
  await on.running(id);
  return on.client.workflow.getHandle(id).describe();
};
const current = async (id: string): Promise<Incident> => (await getIncident(on.db, 'default', id)) as Incident;
const entries = (id: string) =>
  rows<{ action: string; actor: string; on_behalf_of: string | null; detail: string }>(
    on.db,
    'SELECT action, actor, on_behalf_of, detail FROM ledger_entries WHERE object = $1 ORDER BY entry_id',
    [`incident/${id}`],
  );
const update = (id: string, name: string, input: object, updateId?: string) =>
  decide(on.client, `recovery/${id}`, name, input, updateId);

describe('a ceremony from report to resolution', () => {
  it('is started by the response, waits for an operator, and ends with its incident', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch');
    const ceremony = await described(`recovery/${id}`);
    expect(ceremony.taskQueue).toBe('control');
    await described(`incident/${id}`);
    const shown = await eventually(async () => {
      const attributes = await on.attributes(`recovery/${id}`);
      return attributes['AwaitingRole'] !== undefined && attributes;
    });
    expect(shown).toMatchObject({
      Workspace: 'default',
      IncidentClass: 'manifest_mismatch',
      Severity: 'high',
      ProcessState: 'recovering',
      AwaitingRole: 'operator',
    });

    const early = await refusal(update(id, 'resolve', {}));
    expect(early).toMatchObject({ type: 'recovery_incomplete', details: [{ missing: ['ack'] }] });
    await update(id, 'ack', { operator: 'me@org' }, 'ack-1');
    expect(await current(id)).toMatchObject({ acked_by: 'me@org', state: 'contained' });
    await update(id, 'resolve', {});
    expect((await current(id)).state).toBe('resolved');

    await on.client.workflow.getHandle(`recovery/${id}`).result();
    await on.client.workflow.getHandle(`incident/${id}`).result();
    expect(await waitingProcesses(on.db, 'default', id)).toEqual(new Set());
    const actions = (await entries(id)).map((e) => e.action);
    expect(actions).toContain('decision_refused');
    expect(actions).toContain('incident_resolved');
  });

  it('takes the same decisions as signals of the Temporal CLI', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch');
    await described(`recovery/${id}`);
    const signal = (name: string, input?: object) =>
      run(on.temporal.cli, [
        ...['workflow', 'signal', '--address', on.temporal.address, '--workflow-id', `recovery/${id}`, '--name', name],
        ...(input === undefined ? [] : ['--input', JSON.stringify(input)]),
      ]);
    await signal('resolve');
    await eventually(async () => (await entries(id)).some((e) => e.action === 'decision_refused'));
    await signal('ack', { operator: 'me@org' });
    const acked = await eventually(async () => (await current(id)).acked_by !== null && current(id));
    expect(acked).toMatchObject({ acked_by: 'me@org', acked_actor: 'local-operator' });
    await signal('resolve', {});
    await on.client.workflow.getHandle(`recovery/${id}`).result();
    expect(await current(id)).toMatchObject({ state: 'resolved', resolved_by: 'local-operator' });
  });

  it('runs a critical one on the critical queue, and keeps the latch without a TPM', async () => {
    const { id } = await reportIncident(on.db, 'attestation_failure');
    const ceremony = await described(`recovery/${id}`);
    expect(ceremony.taskQueue).toBe('control-critical');
    await update(id, 'ack', { operator: 'me@org' });
    expect((await refusal(update(id, 'reattest', {}))).type).toBe('tpm_unavailable');
    expect(await refusal(update(id, 'resolve', {}))).toMatchObject({
      type: 'recovery_incomplete',
      details: [{ missing: ['reattest'] }],
    });
    expect((await current(id)).state).toBe('contained');
  });
});
