import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { attestationRecord, integrityRecord } from '../../../db/read/attestation-state.ts';
import { attestationState } from '../../../domain/attestation/state.ts';
import { integrityState } from '../../../domain/integrity/state.ts';
import { TpmSession } from '../../../workers/attester/tpm-session.ts';
import { runAttester } from '../../../workers/run-attester.ts';
import { openClient, startControl } from '../../support/control.ts';
import type { TestControl } from '../../support/control.ts';
import { rootsFile, startHost } from '../../support/enrolment.ts';
import type { TestHost } from '../../support/enrolment.ts';
import { eventually } from '../../support/eventually.ts';
import { openRecord } from '../../support/record.ts';
import { startTemporal } from '../../support/temporal.ts';
import type { TestTemporal } from '../../support/temporal.ts';

const NODE = 'local';
const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-test-'));
const protectedPath = join(stateRoot, 'protected');
let machine: TestHost;
let temporal: TestTemporal;
let db: Database;
let url: string;
let client: Client;
let roots: string;
let running: { control: TestControl; stop: () => Promise<void> } | undefined;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const record = await openRecord();
  ({ db, url } = record);
  ends.push(record.close, async () => rmSync(stateRoot, { recursive: true }));
  machine = await startHost(NODE);
  ends.push(machine.close);
  const file = rootsFile([{ name: 'swtpm-localca', trust: 'simulated', pem: machine.pem }]);
  roots = file.path;
  ends.push(async () => file.remove());
  temporal = await startTemporal();
  ends.push(temporal.stop);
  const opened = await openClient(temporal.address);
  client = opened.client;
  ends.push(opened.close);
});
afterAll(async () => {
  await running?.stop();
  for (const end of ends.reverse()) await end();
});

/** Control process and attester on the same state root, as the embedded default runs them. */
async function start(): Promise<void> {
  const stopping = new AbortController();
  const tpmTcti = machine.swtpm.tcti;
  const engine = { temporalAddress: temporal.address, temporalNamespace: 'default' };
  const attester = runAttester(
    { ...engine, env: 'embedded', node: NODE, tpmTcti, protectedPath },
    pino({ enabled: false }),
    stopping.signal,
    () => undefined,
  );
  const control = await startControl({ ...engine, databaseUrl: url, stateRoot, tpmTcti, ekRootsFile: roots });
  const stop = async () => {
    stopping.abort();
    await Promise.all([attester, control.stop()]);
    running = undefined;
  };
  running = { control, stop };
}

const attestation = async () => attestationState(await attestationRecord(db));
const integrity = async () => integrityState(await integrityRecord(db));
const results = () =>
  rows<{ passed: boolean }>(db, 'SELECT passed FROM attestation_results WHERE node = $1 ORDER BY result_id', [NODE]);
const checks = () => rows<{ passed: boolean }>(db, 'SELECT passed FROM integrity_results ORDER BY result_id');

describe('the embedded default', () => {
  it('says unknown before its first start, and trusted after it', async () => {
    expect([await attestation(), await integrity()]).toEqual(['unknown', 'unknown']);
    await start();
    await eventually(async () => (await attestation()) === 'trusted' && (await integrity()) === 'trusted');
    await client.workflow.getHandle(`enrol/${NODE}`).result();
    expect(new Set((await results()).map((r) => r.passed))).toEqual(new Set([true]));
    expect(readdirSync(protectedPath)).toHaveLength(3);
  });

  it('kept the secret of the credential out of history and record', async () => {
    const history = JSON.stringify(await client.workflow.getHandle(`enrol/${NODE}`).fetchHistory());
    const payloads = [...history.matchAll(/"data":"([A-Za-z0-9+/=]+)"/g)].map(([, data]) =>
      Buffer.from(data ?? '', 'base64'),
    );
    const text = payloads.join('\n');
    const field = (name: string) => new RegExp(`"${name}":"([0-9a-f]+)"`).exec(text)?.[1] ?? '';
    expect(field('credential_blob')).not.toBe('');
    await running?.stop();
    const session = new TpmSession(machine.swtpm.tcti);
    const secret = await session.use(async (tpm) => {
      const ek = await tpm.createEk();
      const ak = await tpm.loadAk();
      return tpm.activateCredential({
        akHandle: ak?.handle ?? 0,
        ekHandle: ek.handle,
        credentialBlob: Buffer.from(field('credential_blob'), 'hex'),
        encryptedSecret: Buffer.from(field('encrypted_secret'), 'hex'),
      });
    });
    await session.close();
    expect(secret).toHaveLength(32);
    const record = await rows<{ row: string }>(db, 'SELECT c::text AS row FROM challenges c');
    const ledger = await rows<{ row: string }>(db, 'SELECT leaf AS row FROM ledger_entries');
    const kept = [history, text, ...record.map((r) => r.row), ...ledger.map((r) => r.row)].join('\n');
    for (const form of ['hex', 'base64', 'base64url'] as const) expect(kept).not.toContain(secret.toString(form));
  });

  it('quotes and checks afresh at its next start', async () => {
    const before = { results: (await results()).length, checks: (await checks()).length };
    await start();
    await eventually(async () => (await results()).length > before.results && (await checks()).length > before.checks);
    await eventually(async () => (await attestation()) === 'trusted' && (await integrity()) === 'trusted');
    const versions = await rows(
      db,
      'SELECT version FROM integrity_baselines UNION ALL SELECT version FROM reference_values',
    );
    expect(versions).toEqual([{ version: 1 }, { version: 1 }]);
  });

  it('contains a file that changed while it was down', async () => {
    await running?.stop();
    writeFileSync(join(protectedPath, 'added.txt'), 'x');
    await start();
    await eventually(async () => (await integrity()) === 'degraded');
    const incidents = () => rows<{ class: string }>(db, 'SELECT class FROM incidents');
    await eventually(async () => (await incidents()).length > 0);
    expect(await incidents()).toEqual([{ class: 'integrity_violation' }]);
    expect(await attestation()).toBe('trusted');
  });
});
