import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { openDatabase } from '../../db/client.ts';
import { recordReports } from '../../db/command/intake.ts';
import { ensurePolicy } from '../../db/command/policies.ts';
import { canonicalJson } from '../../domain/canonical/json.ts';
import type { IncidentClass } from '../../domain/containment/types.ts';
import { startStack } from '../../script/supervisor/stack.ts';
import { decide } from './decisions.ts';
import { eventually } from './eventually.ts';
import { freeStackPorts } from './free-ports.ts';
import { POLICY, reportOf } from './incidents.ts';

// Records a history of each workflow from a real server into test/histories: to be run after a change that replays the
// old ones, and committed beside them under a new name when what a workflow does has changed.

const FOLDER = new URL('../histories/', import.meta.url);
const OPERATOR = { workspace_id: 'default', actor: 'local-operator', on_behalf_of: null };

const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-histories-'));
const stack = await startStack({
  stateRoot,
  ports: await freeStackPorts(),
  only: ['postgres', 'temporal', 'swtpm', 'attester', 'control'],
  env: { INTERLOCK_LOOPBACK_TRUST: '1' },
  readyTimeoutMs: 90_000,
});
const db = openDatabase({ url: stack.urls.database, name: 'record-histories', max: 2 });
const connection = await Connection.connect({ address: stack.urls.temporal });
const client = new Client({ connection });

try {
  mkdirSync(FOLDER, { recursive: true });
  await ensurePolicy(db, POLICY, 'system');
  await ended('enrol/local');
  await ended('integrity-round/protected');
  await save('enrol/local', 'node-enrolment.first-start');
  await save('integrity-round/protected', 'integrity-round.first-start');
  await recordAcknowledged();
  await recordAttested();
} finally {
  await connection.close();
  await db.end();
  await stack.stop();
  rmSync(stateRoot, { recursive: true, force: true });
}

/** A refusal, acknowledgements as an update and as a signal, a malformed signal, the resolution. */
async function recordAcknowledged(): Promise<void> {
  const id = await report('manifest_mismatch');
  const ceremony = `recovery/${id}`;
  await decide(client, ceremony, 'resolve').catch(() => undefined);
  await decide(client, ceremony, 'ack', { operator: 'me@org', note: 'seen' });
  await client.workflow.getHandle(ceremony).signal('ack', { operator: [] });
  await client.workflow.getHandle(ceremony).signal('ack', { operator: 'other@org', decision_id: 'signalled' });
  await decide(client, ceremony, 'resolve');
  await save(ceremony, 'recovery-ceremony.acknowledged');
  await save(`incident/${id}`, 'incident-response.ceremony');
}

/** A critical one: re-attested by a quote of the TPM, then acknowledged. */
async function recordAttested(): Promise<void> {
  const id = await report('integrity_violation');
  const ceremony = `recovery/${id}`;
  await decide(client, ceremony, 'reattest');
  await decide(client, ceremony, 'ack', { operator: 'me@org' });
  await decide(client, ceremony, 'resolve');
  await save(ceremony, 'recovery-ceremony.attested');
}

async function report(cls: IncidentClass): Promise<string> {
  const given = reportOf(cls);
  const [reply] = await recordReports(db, [
    { ...OPERATOR, report: given, evidence: canonicalJson(given.evidence), key: null },
  ]);
  if (reply?.ok !== true) throw new Error(`report refused: ${reply?.code ?? 'no answer'}`);
  const { id } = reply.incident;
  await eventually(() =>
    client.workflow
      .getHandle(`recovery/${id}`)
      .describe()
      .catch(() => undefined),
  );
  return id;
}

async function ended(workflowId: string): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  await eventually(() => handle.describe().catch(() => undefined), 60_000);
  await handle.result();
}

/** Stack traces go: they name folders of the machine it was recorded on, and replay does not read them. */
async function save(workflowId: string, name: string): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  await handle.result();
  const recorded = JSON.parse(historyToJSON(await handle.fetchHistory())) as unknown;
  const plain = JSON.stringify(recorded, (key, value: unknown) => (key === 'stackTrace' ? '' : value), 1);
  writeFileSync(new URL(`${name}.json`, FOLDER), `${plain}\n`);
  process.stdout.write(`${name}.json\n`);
}
