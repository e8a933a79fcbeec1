import { appendFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { openDatabase } from '../../db/client.ts';
import { openCapture } from '../../db/command/open-capture.ts';
import { requestTrial } from '../../db/command/adapter-trial.ts';
import { requestRotation } from '../../db/command/request-rotation.ts';
import { recordReports } from '../../db/command/intake.ts';
import { retireAdapter } from '../../db/command/part-with-adapter.ts';
import { ensurePolicy } from '../../db/command/policies.ts';
import { canonicalJson } from '../../domain/canonical/json.ts';
import type { IncidentClass } from '../../domain/containment/types.ts';
import { startStack } from '../../script/supervisor/stack.ts';
import { SECRET, startAdapter } from './adapter-server.ts';
import { freshKey, incidentNow, register, resolveIncident, secretFile } from './adapters.ts';
import { decide } from './decisions.ts';
import { instanceName } from '../../db/read/operator-keys.ts';
import { newKey, register as registerKey, signed } from './operator-keys.ts';
import { eventually } from './eventually.ts';
import { freeStackPorts } from './free-ports.ts';
import { codecsOf } from './payload-keys.ts';
import { freshMasterKey } from './secrets.ts';
import { openTokenDoor } from './token-door.ts';
import { startHook } from './hook-server.ts';
import { getExport } from '../../db/read/exports.ts';
import { loadUpstreams } from '../../db/command/upstreams.ts';
import { parseUpstreams } from '../../domain/upstream/definition.ts';
import { opened, person } from './exports.ts';
import { openSmallRegistry } from './small-registry.ts';
import { hookOf, useHooks } from './hooks.ts';
import { POLICY, reportOf } from './incidents.ts';
import { removeTree } from './remove-tree.ts';

// Records a history of each workflow from a real server into test/histories: to be run after a change that replays the
// old ones, and committed beside them under a new name when what a workflow does has changed. Without arguments all of
// them, else those named: anchor, watches, acknowledged, attested, signed, escalation, adapter.

const FOLDER = new URL('../histories/', import.meta.url);
const OPERATOR = { workspace_id: 'default', actor: 'local-operator', on_behalf_of: null };

const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-histories-'));
const tokens = { admin: join(stateRoot, 'admin.token'), reader: join(stateRoot, 'readonly.token') };
for (const [name, file] of Object.entries(tokens))
  writeFileSync(file, `${name}-token-of-the-recording\n`, { mode: 0o600 });
const door = await openTokenDoor(tokens.admin, tokens.reader);
const registry = await openSmallRegistry();
const stack = await startStack({
  stateRoot,
  ports: await freeStackPorts(),
  only: ['postgres', 'temporal', 'swtpm', 'attester', 'control'],
  env: {
    INTERLOCK_LOOPBACK_TRUST: '1',
    INTERLOCK_WATCH_INTERVAL: '1',
    INTERLOCK_ANCHOR_INTERVAL: '1',
    INTERLOCK_ADMIN_TOKEN_FILE: tokens.admin,
    INTERLOCK_READONLY_TOKEN_FILE: tokens.reader,
    INTERLOCK_URL: door.url,
    INTERLOCK_REGISTRY_URL: registry.url,
  },
  readyTimeoutMs: 90_000,
});
const db = openDatabase({ url: stack.urls.database, name: 'record-histories', max: 2 });
const connection = await Connection.connect({ address: stack.urls.temporal });
const codecs = codecsOf(stateRoot);
const client = new Client({ connection, dataConverter: { payloadCodecs: codecs } });

/** By name; arguments name those to record, by default all. */
const recordings = {
  enrolment: () => save('enrol/local', 'node-enrolment.first-start'),
  anchor: recordAnchor,
  watches: recordWatches,
  acknowledged: recordAcknowledged,
  attested: recordAttested,
  signed: recordSigned,
  escalation: recordEscalation,
  adapter: recordAdapter,
  rotation: recordRotation,
  delivery: recordDelivery,
  capture: recordCapture,
  export: recordExport,
};
const only = process.argv.slice(2);

try {
  mkdirSync(FOLDER, { recursive: true });
  await ensurePolicy(db, POLICY, 'system');
  await ended('enrol/local');
  for (const [name, record] of Object.entries(recordings)) if (only.length === 0 || only.includes(name)) await record();
} finally {
  await connection.close();
  await db.end();
  await stack.stop();
  await door.close();
  await registry.close();
  removeTree(stateRoot);
}

/** An anchor that came to its end. */
async function recordAnchor(): Promise<void> {
  const { workflow } = client;
  const anchored = async () => (await workflow.getHandle('anchor/local').result()) as { result: string };
  await eventually(async () => (await anchored().catch(() => undefined))?.result === 'anchored');
  await write('anchor/local', 'ledger-anchor.anchored');
}

/** Looks by time and by poke, a refusal, approvals, a file that changed. Watches do not end: what is saved still ran. */
async function recordWatches(): Promise<void> {
  const quotes = client.workflow.getHandle('attestation/local');
  const checks = client.workflow.getHandle('integrity/protected');
  const asked = { caller: OPERATOR, request_digest: 'digest', reason: 'maintenance' };
  const ask = (watch: typeof quotes, name: string, input: object) =>
    watch.executeUpdate<unknown, [object]>(name, { args: [input] });
  await eventually(() => ask(checks, 'check', {}).catch(() => undefined));
  await ask(quotes, 'approveReference', { ...asked, pcr: 23 }).catch(() => undefined);
  await ask(quotes, 'approveReference', { ...asked, pcr: 23, ticket: 'CHG-1' });
  await quotes.signal('poke', { version: 2 });
  appendFileSync(join(stateRoot, 'protected', 'system-prompt.md'), 'Answer briefly.\n');
  await ask(checks, 'check', {});
  await ask(checks, 'approveBaseline', asked);
  await sleep(3_000);
  await write('attestation/local', 'attestation-watch.approved');
  await write('integrity/protected', 'integrity-watch.approved');
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

/** Signed signals: one for another process, one whose shape is wrong, an acknowledgement, the resolution. */
async function recordSigned(): Promise<void> {
  const key = newKey();
  await registerKey(db, key, { user: 'me', roles: ['operator'] });
  const id = await report('manifest_mismatch');
  const workflow_id = `recovery/${id}`;
  const ceremony = client.workflow.getHandle(workflow_id);
  const statement = {
    instance: (await instanceName(db)) ?? '',
    containment_binding: (await incidentNow(db, id)).binding,
    key_id: key.key_id,
    not_after: new Date(Date.now() + 300_000).toISOString(),
  };
  const send = (name: 'ack' | 'resolve', to: string) => {
    const decision = name === 'ack' ? { name, operator: 'me@org' } : { name };
    const all = { ...statement, decision, workflow_id: to, decision_id: crypto.randomUUID() };
    return ceremony.signal(name, { envelope: signed(key, all) });
  };
  await send('ack', `incident/${id}`);
  await ceremony.signal('ack', { envelope: 'none' });
  await send('ack', workflow_id);
  await send('resolve', workflow_id);
  await save(workflow_id, 'recovery-ceremony.signed');
}

/** A crossing, alerted and closed after its window, which is moved into the past. */
async function recordEscalation(): Promise<void> {
  for (let i = 0; i < 4; i += 1) await recordReport('tool_call_burst');
  const id = `escalation/default/${await recordReport('tool_call_burst')}`;
  await eventually(async () => {
    const found = await client.workflow
      .getHandle(id)
      .describe()
      .catch(() => undefined);
    return found?.typedSearchAttributes.getAll().some(({ value }) => value === 'escalated');
  });
  await db.query(`UPDATE escalation_windows SET last_event_at = last_event_at - interval '1 hour'`);
  await client.workflow.getHandle(id).signal('poke', { version: 2 });
  await save(id, 'severity-escalation.closed');
}

/** A state that is refused and then taken, a trial, a restore that the incident waits for, the end by retirement. */
async function recordAdapter(): Promise<void> {
  const server = await startAdapter();
  const secret = secretFile();
  const { adapter_id } = await register(db, { name: 'recorded', url: server.url, ref: secret.ref });
  server.behave = (_state, res) => void res.writeHead(503).end();
  const id = await recordReport('tool_call_burst');
  await eventually(async () => (await incidentNow(db, id)).state === 'containment_failed');
  server.behave = null;
  await eventually(async () => (await incidentNow(db, id)).state === 'contained');
  await requestTrial(db, OPERATOR, 'recorded');
  await eventually(async () => server.trials === 1);
  server.behave = (_state, res) => void res.writeHead(503).end();
  const told = server.received.length;
  await resolveIncident(db, id);
  await eventually(async () => server.received.length > told + 1);
  server.behave = null;
  await save(`incident/${id}`, 'incident-response.restored');
  const asked = { object: 'recorded', reason: 'over', single_operator: true, confirm: 'recorded', key: freshKey() };
  await retireAdapter(db, OPERATOR, asked);
  await save(`adapter/${adapter_id}`, 'adapter-sync.retired');
  await server.close();
  secret.remove();
}

/** The read-only token's file: every step, at a door that knows it by its file. */
async function recordRotation(): Promise<void> {
  const asked = { row: 'readonly_token', subject: '', overlap_seconds: 0, compromised: false, dry_run: false } as const;
  const requested = await requestRotation(db, OPERATOR, { ...asked, reason: 'due', ticket: null, key: freshKey() });
  if (!requested.ok) throw new Error(requested.code);
  await eventually(() => found(`rotation/${requested.rotation_id}`));
  await save(`rotation/${requested.rotation_id}`, 'token-rotation.completed');
}

/** An alert that is refused once, and then taken. */
async function recordDelivery(): Promise<void> {
  const secret = secretFile();
  const hook = await startHook(SECRET);
  hook.status = 503;
  await useHooks(db, hookOf('recorded', hook.url, secret.ref));
  await recordReport('prompt_injection');
  await eventually(async () => hook.received.length > 0);
  hook.status = 204;
  await save(`delivery/${hook.received[0]?.id}`, 'delivery.taken');
  await useHooks(db);
  await hook.close();
  secret.remove();
}

/** A window that is looked at while it is open, and closes itself. */
async function recordCapture(): Promise<void> {
  const master = freshMasterKey();
  const asked = { level: 'full', seconds: 4, ticket: 'T-1', key: freshKey() } as const;
  const opened = await openCapture({ db, masterKey: () => master }, OPERATOR, asked);
  if (!opened.ok) throw new Error(opened.code);
  const id = `capture/${opened.window_id}`;
  await eventually(() => found(id));
  await client.workflow.getHandle(id).signal('poke', { version: 1 });
  await save(id, 'capture-window.expired');
}

/** A refusal and approvals as updates, one as a signal that comes too late, and the archive as a file. */
async function recordExport(): Promise<void> {
  const named = [{ name: 'registry', kind: 'registry', url: registry.url, internal: true }];
  await loadUpstreams(db, parseUpstreams({ version: 1, upstreams: named }), 'system');
  const id = await opened(db, 'default');
  const handle = client.workflow.getHandle(`export/${id}`);
  const state = async (name: string) => (await getExport(db, 'default', id))?.state === name;
  await eventually(() => state('pending_approval'), 60_000).catch(async (error: unknown) => {
    throw new Error(JSON.stringify(await getExport(db, 'default', id)), { cause: error });
  });
  const ask = (actor: string, role: string) =>
    handle.executeUpdate<unknown, [object]>('approve', { args: [{ role, caller: person('default', actor, role) }] });
  await ask('alice', 'security_owner').catch(() => undefined);
  await ask('bob', 'safety_reviewer');
  await handle.signal('approve', { role: 5 });
  await handle.signal('waive', { receipt: 'none', decision_id: 'signalled' });
  await ask('carol', 'security_owner');
  await eventually(() => state('exported'), 60_000);
  await save(`export/${id}`, 'export-approval.exported');
}

async function report(cls: IncidentClass): Promise<string> {
  const id = await recordReport(cls);
  await eventually(() =>
    client.workflow
      .getHandle(`recovery/${id}`)
      .describe()
      .catch(() => undefined),
  );
  return id;
}

async function recordReport(cls: IncidentClass): Promise<string> {
  const given = reportOf(cls);
  const [reply] = await recordReports(db, [
    { ...OPERATOR, report: given, evidence: canonicalJson(given.evidence), key: null },
  ]);
  if (reply?.ok !== true) throw new Error(`report refused: ${reply?.code ?? 'no answer'}`);
  return reply.incident.id;
}

async function ended(workflowId: string): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  await eventually(() => handle.describe().catch(() => undefined));
  await handle.result();
}

/** Undefined: the engine has no such workflow yet. */
async function found(id: string): Promise<unknown> {
  return client.workflow
    .getHandle(id)
    .describe()
    .catch(() => undefined);
}

async function save(workflowId: string, name: string): Promise<void> {
  await client.workflow.getHandle(workflowId).result();
  await write(workflowId, name);
}

/** Stack traces go: they name folders of the machine it was recorded on, and replay does not read them. */
async function write(workflowId: string, name: string): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  const recorded = await unsealed(JSON.parse(historyToJSON(await handle.fetchHistory())) as unknown);
  const plain = JSON.stringify(recorded, (key, value: unknown) => (key === 'stackTrace' ? '' : value), 1);
  writeFileSync(new URL(`${name}.json`, FOLDER), `${plain}\n`);
  process.stdout.write(`${name}.json\n`);
}

/** A history as it would be without keys: who replays it has none. */
async function unsealed(value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map(unsealed));
  if (typeof value !== 'object' || value === null) return value;
  const { metadata, data } = value as { metadata?: Record<string, string>; data?: string };
  if (metadata?.['encryption-key-id'] === undefined) {
    const members = Object.entries(value).map(async ([key, member]) => [key, await unsealed(member)] as const);
    return Object.fromEntries(await Promise.all(members));
  }
  const bytes = (text: string) => Buffer.from(text, 'base64');
  const names = Object.entries(metadata).map(([name, text]) => [name, bytes(text)] as const);
  let payloads: Payload[] = [{ metadata: Object.fromEntries(names), data: bytes(data ?? '') }];
  for (const codec of codecs) payloads = await codec.decode(payloads);
  const text = (part: Uint8Array | null | undefined) => Buffer.from(part ?? []).toString('base64');
  const plain = Object.entries(payloads[0]?.metadata ?? {}).map(([name, part]) => [name, text(part)] as const);
  return { metadata: Object.fromEntries(plain), data: text(payloads[0]?.data) };
}
