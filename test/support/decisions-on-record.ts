import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { rows } from '../../db/client.ts';
import { getIncident } from '../../db/read/incident.ts';
import type { Incident } from '../../domain/incident/types.ts';
import type { TestProcesses } from './processes.ts';

const exec = promisify(execFile);

/** Signals as an operator pastes them into the Temporal CLI, and what the record then says of an incident. */
export function decisionsOn(on: () => Pick<TestProcesses, 'db' | 'temporal'>) {
  const signal = (workflowId: string, name: string, input: object) =>
    exec(on().temporal.cli, [
      ...['workflow', 'signal', '--address', on().temporal.address, '--workflow-id', workflowId, '--name', name],
      ...['--input', JSON.stringify(input)],
    ]);
  const current = async (id: string): Promise<Incident> => (await getIncident(on().db, 'default', id)) as Incident;
  const taken = (id: string) =>
    rows<{ decision_id: string; kind: string; outcome: string; actor: string; envelope: string | null }>(
      on().db,
      'SELECT decision_id, kind, outcome, actor, envelope FROM decisions WHERE aggregate = $1 ORDER BY at',
      [`incident/${id}`],
    );
  const codes = async (id: string) =>
    (await taken(id)).flatMap((d) => {
      const outcome = JSON.parse(d.outcome) as { ok: boolean; code?: string };
      return outcome.ok ? [] : [outcome.code];
    });
  const entries = (id: string) =>
    rows<{ action: string; actor: string; on_behalf_of: string | null; detail: string }>(
      on().db,
      'SELECT action, actor, on_behalf_of, detail FROM ledger_entries WHERE object = $1 ORDER BY entry_id',
      [`incident/${id}`],
    );

  return { signal, current, taken, codes, entries };
}
