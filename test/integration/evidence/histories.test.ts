import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { acknowledgeRecovery } from '../../../db/command/acknowledge.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import { BlobError } from '../../../storage/blob-error.ts';
import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';
import { storeHistories } from '../../../workers/histories/keep-storing.ts';
import { eventually } from '../../support/eventually.ts';
import { startProcesses } from '../../support/processes.ts';
import type { TestProcesses } from '../../support/processes.ts';
import { decision, reportIncident } from '../../support/record.ts';
import { removeTree } from '../../support/remove-tree.ts';

const KILLED_HISTORIAN = fileURLToPath(new URL('../../support/stand-ins/killed-historian.ts', import.meta.url));
const log = pino({ level: 'silent' });
let on: TestProcesses;
let folder: string;
let blobs: FilesystemBlobs;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'interlock-histories-'));
  blobs = new FilesystemBlobs(join(folder, 'blobs'));
  const blobRoot = join(folder, 'of-the-control-process');
  const dynamicConfig = ['limit.historyCount.suggestContinueAsNew=20'];
  on = await startProcesses({ dynamicConfig, control: { blobRoot } });
  // It has rounds of its own, which find nowhere to store: what is stored here, these tests have stored.
  removeTree(blobRoot);
  writeFileSync(blobRoot, '');
});
afterAll(async () => {
  await on?.close();
  removeTree(folder);
});

const round = (using: Partial<Parameters<typeof storeHistories>[0]> = {}) =>
  storeHistories({ db: on.db, client: on.client, blobs, log, ...using });

interface Row {
  workflow_id: string;
  run_id: string;
  status: string | null;
  digest: string | null;
  bytes: number | null;
}
const stored = (incident: string) =>
  rows<Row>(on.db, 'SELECT * FROM process_histories WHERE incident_id = $1 ORDER BY workflow_id, run_id', [incident]);
/** Each chain ends with one run that came to its end. */
const completed = (found: Row[]) => found.filter((r) => r.status === 'completed').map((r) => r.workflow_id);
const entries = async (incident: string) =>
  (
    await rows<{ action: string; detail: string }>(
      on.db,
      `SELECT action, detail FROM ledger_entries WHERE object = $1 AND action LIKE 'process_history%' ORDER BY entry_id`,
      [`incident/${incident}`],
    )
  ).map(({ action, detail }) => ({ action, detail: JSON.parse(detail) as Record<string, unknown> }));
const ended = (id: string) =>
  eventually(async () => (await on.client.workflow.getHandle(id).describe()).status.name === 'COMPLETED');
/** Lets its closing look as old as a round wants it. */
const age = (incident: string) =>
  on.db.query(`UPDATE process SET over_at = over_at - interval '2 minutes' WHERE subject = $1`, [incident]);

async function resolved(): Promise<string> {
  const { id } = await reportIncident(on.db, 'manifest_mismatch', { source: crypto.randomUUID() });
  for (const workflow of [`incident/${id}`, `recovery/${id}`]) await on.running(workflow);
  await acknowledgeRecovery(on.db, decision(id), { operator: 'me@org' });
  await decideIncident(on.db, decision(id), { kind: 'resolve', operator: 'me@org' });
  for (const workflow of [`incident/${id}`, `recovery/${id}`]) await ended(workflow);
  return id;
}

describe('the histories of closed processes', () => {
  it('lie among the blobs as the engine prints them, with their entries, once', async () => {
    const id = await resolved();
    await age(id);
    await round();
    const found = await stored(id);
    expect(completed(found)).toEqual([`incident/${id}`, `recovery/${id}`]);
    for (const { workflow_id, run_id, digest, bytes } of found) {
      const blob = await blobs.get(`sha256/${digest?.slice(0, 2)}/${digest}`);
      expect(createHash('sha256').update(blob).digest('hex')).toBe(digest);
      expect(blob.length).toBe(bytes);
      const args = ['workflow', 'show', '--address', on.temporal.address, '-w', workflow_id, '-r', run_id];
      const shown = execFileSync(on.temporal.cli, [...args, '--output', 'json'], { encoding: 'utf8' });
      expect(JSON.parse(Buffer.from(blob).toString())).toEqual(JSON.parse(shown));
    }
    const said = await entries(id);
    const of = (run: unknown) => found.findIndex(({ run_id }) => run_id === run);
    expect(said.sort((a, b) => of(a.detail['run_id']) - of(b.detail['run_id']))).toEqual(
      found.map(({ workflow_id, run_id, digest, bytes, status }) => ({
        action: 'process_history_stored',
        detail: expect.objectContaining({ workflow_id, run_id, digest, bytes, status }) as unknown,
      })),
    );
    await Promise.all([round(), round()]);
    expect(await entries(id)).toHaveLength(found.length);
  });

  it('are recorded once by however many workers', async () => {
    const id = await resolved();
    await age(id);
    await Promise.all([round(), round(), round()]);
    const found = await stored(id);
    expect(completed(found)).toHaveLength(2);
    expect(await entries(id)).toHaveLength(found.length);
  });

  it('can be replayed', async () => {
    const id = await resolved();
    await age(id);
    await round();
    for (const { digest, workflow_id } of await stored(id)) {
      const json: unknown = JSON.parse(
        Buffer.from(await blobs.get(`sha256/${digest?.slice(0, 2)}/${digest}`)).toString(),
      );
      const workflowsPath = new URL('../../../workflows/index.ts', import.meta.url).pathname;
      await Worker.runReplayHistory({ workflowsPath }, historyFromJSON(json), workflow_id);
    }
  });

  it('are those of every run of a chain that was continued', async () => {
    const { id } = await reportIncident(on.db, 'manifest_mismatch', { source: 'chain' });
    const workflow = `recovery/${id}`;
    const first = await on.running(workflow);
    await eventually(async () => {
      await on.client.workflow.getHandle(workflow).signal('poke', { version: 0 });
      return (await on.client.workflow.getHandle(workflow).describe()).runId !== first;
    });
    await acknowledgeRecovery(on.db, decision(id), { operator: 'me@org' });
    await decideIncident(on.db, decision(id), { kind: 'resolve', operator: 'me@org' });
    for (const each of [`incident/${id}`, workflow]) await ended(each);
    await age(id);
    await round();
    const runs = (await stored(id)).filter((r) => r.workflow_id === workflow);
    expect(runs.map((r) => r.run_id)).toContain(first);
    expect(runs.map((r) => r.status).sort()).toEqual(
      [...runs.slice(1).map(() => 'continued_as_new'), 'completed'].sort(),
    );
    expect(runs.length).toBeGreaterThan(1);
  });

  it('of a workflow that the engine lost are recorded as lost, once and for all', async () => {
    const id = await resolved();
    for (const workflow of [`incident/${id}`, `recovery/${id}`])
      await on.db.query(
        `UPDATE process SET workflow_id = workflow_id || '-gone', over_at = over_at - interval '2 minutes' WHERE workflow_id = $1`,
        [workflow],
      );
    await round();
    expect(await stored(id)).toMatchObject([
      { workflow_id: `incident/${id}-gone`, run_id: 'unknown', digest: null, status: null },
      { workflow_id: `recovery/${id}-gone`, run_id: 'unknown', digest: null, status: null },
    ]);
    expect((await entries(id)).map((e) => e.action)).toEqual(['process_history_lost', 'process_history_lost']);
    expect(await round()).toBe(0);
  });

  it.each([1, 2])('are stored by the next round where kill -9 came after blob %i', async (count) => {
    const id = await resolved();
    await age(id);
    const { databaseUrl: url } = on;
    const ran = spawnSync(
      process.execPath,
      [KILLED_HISTORIAN, url, on.temporal.address, join(folder, 'blobs'), String(count)],
      {
        timeout: 120_000,
      },
    );
    expect([ran.signal, completed(await stored(id)).length < 2]).toEqual(['SIGKILL', true]);
    expect(await round()).toBeGreaterThan(0);
    const found = await stored(id);
    expect(completed(found)).toHaveLength(2);
    expect(await entries(id)).toHaveLength(found.length);
  });

  it('that cannot be stored hold no others back', async () => {
    for (const id of [await resolved(), await resolved()]) await age(id);
    let puts = 0;
    const refusing = {
      put: async (key: string, bytes: Uint8Array) => {
        puts += 1;
        if (puts === 1) throw new BlobError('blob_conflict', key);
        return blobs.put(key, bytes);
      },
    };
    expect(await round({ blobs: refusing })).toBe(3);
    expect(await round()).toBe(1);
  });
});
