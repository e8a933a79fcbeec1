import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../../db/client.ts';
import { RELAY_SESSION } from '../../../db/read/relay.ts';
import type { Finding } from '../../../domain/doctor/finding.ts';
import { takeStateLock } from '../../../script/supervisor/state-lock.ts';
import { runSequencer } from '../../../workers/sequencer/sequencer.ts';
import { json, startApi } from '../api/api-under-test.ts';
import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';
import { eventually } from '../../support/eventually.ts';
import { startUpstream, startUpstreams } from '../../support/upstreams.ts';
import type { UpstreamsUnderTest } from '../../support/upstreams.ts';
import { nobody, run } from '../../unit/cli/run.ts';
import { removeTree } from '../../support/remove-tree.ts';

let world: UpstreamsUnderTest;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let stateRoot: string;
let lock: { release: () => void };
const closing: (() => Promise<unknown>)[] = [];

/** Everything that a running instance has; the engine is the fake, which answers. */
beforeAll(async () => {
  stateRoot = mkdtempSync(join(tmpdir(), 'interlock-doctor-'));
  lock = takeStateLock(stateRoot);
  // As the control process does when it starts.
  await new FilesystemBlobs(join(stateRoot, 'blobs')).sweep();
  world = await startUpstreams({ readinessEveryMs: 200 }, { stateRoot });
  upstream = await startUpstream(() => '');
  const { db, databaseUrl } = world.api;
  const relay = openDatabase({ url: databaseUrl, name: RELAY_SESSION, max: 1 });
  await relay.query('SELECT 1');
  closing.push(() => relay.end());
  const stop = new AbortController();
  const sequencing = runSequencer({ db, databaseUrl, stateRoot, log: pino({ level: 'silent' }) }, stop.signal);
  closing.push(async () => {
    stop.abort();
    await sequencing;
  });
  await db.query(
    `INSERT INTO attestation_nodes (workspace_id, node, state, ek_public, ek_trust, ak_public, ak_name, enrolled_at,
        reboot_pending, missed_quotes, last_passed, last_result_at, last_pass_at, version, actor)
      VALUES ('system', 'n1', 'enrolled', '', 'simulated', '', '', now(), false, 0, true, now(), now(), 1, 'test')`,
  );
  await world.load({
    name: 'model',
    kind: 'provider',
    url: upstream.url,
    internal: true,
    readiness: { path: '/health' },
  });
  await eventually(async () => (await findings()).every(({ ok }) => ok));
});
afterAll(async () => {
  for (const close of closing) await close();
  await world?.close();
  await upstream?.close();
  lock?.release();
  removeTree(stateRoot);
});

const findings = async () => (await json<{ checks: Finding[] }>(world.api.get('/v1/doctor'))).checks;
const failed = async () =>
  Object.fromEntries((await findings()).filter(({ ok }) => !ok).map(({ name, code }) => [name, code]));
const doctor = (...args: string[]) => run(['doctor', ...args, '--base-url', world.api.url]);

describe('interlock doctor', () => {
  it('S1-118 finds nothing where everything works, and names all that it looked at', async () => {
    const { code, out } = await doctor('--json');
    const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: Finding[] };
    expect(checks.filter((check) => !check.ok)).toEqual([]);
    expect([ok, code]).toEqual([true, 0]);
    expect(checks.map(({ name }) => name).sort()).toEqual(
      `adapter_children adapters client:clock client:cors:stranger client:event_stream client:readyz clock containment_file database hooks migrations
        pollers:control pollers:control-critical pollers:egress readiness sequencer state_lock storage:blobs storage:postgres
        storage:state_root temporal tpm:n1 upstream_references upstreams:model upstreams_file`.split(/\s+/),
    );
  });

  it('S3-02 looks at the parts alone', async () => {
    const { code, out } = await doctor('--only', 'components', '--json');
    const { checks } = JSON.parse(out) as { checks: Finding[] };
    expect(code).toBe(0);
    expect(checks.every(({ component }) => component)).toBe(true);
    expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['database', 'temporal', 'upstreams:model']));
  });

  it('fails on an engine that is gone, with exit code 1', async () => {
    world.api.engine.reachable = false;
    onTestFinished(() => void (world.api.engine.reachable = true));
    expect(await failed()).toEqual({
      'pollers:control': 'queue_unpolled',
      'pollers:control-critical': 'queue_unpolled',
      'pollers:egress': 'queue_unpolled',
      readiness: 'not_ready',
      temporal: 'temporal_unreachable',
    });
    expect((await doctor()).code).toBe(1);
  });

  it('S1-46 fails when nobody holds the lock of the state root, or its holder is gone', async () => {
    lock.release();
    expect(await failed()).toEqual({ state_lock: 'lock_missing' });
    const dead = { pid: process.pid, boot_id: 'another boot', start_ticks: '1' };
    writeFileSync(join(stateRoot, 'lock'), JSON.stringify(dead));
    expect(await failed()).toEqual({ state_lock: 'lock_stale' });
    writeFileSync(join(stateRoot, 'lock'), 'cut sho');
    expect(await failed()).toEqual({ state_lock: 'check_failed' });
    rmSync(join(stateRoot, 'lock'));
    lock = takeStateLock(stateRoot);
    expect(await failed()).toEqual({});
  });

  it('S1-48 fails on an upstream that is not ready, and on a reference that leads nowhere', async () => {
    upstream.behave.next = (res) => res.writeHead(500).end();
    await eventually(async () => (await failed())['upstreams:model'] === 'unexpected_answer');
    upstream.behave.next = null;
    const entry = {
      name: 'model',
      kind: 'provider',
      url: upstream.url,
      internal: true,
      readiness: { path: '/health' },
    };
    await world.load({ ...entry, auth_ref: 'env:NOBODY_SET_THIS' });
    await eventually(async () => (await failed())['upstreams:model'] === undefined);
    expect(await failed()).toEqual({ 'upstream_references:model': 'reference_missing' });
    await world.load(entry);
    await eventually(async () => Object.keys(await failed()).length === 0);
  });

  it('fails on files that differ, a schema that is behind, a silent TPM, a halted log', async () => {
    const { db, policyFile } = world.api;
    const path = policyFile.path;
    policyFile.path = join(stateRoot, 'missing.yaml');
    expect(await failed()).toEqual({ containment_file: 'file_refused' });
    policyFile.path = path;
    await db.query("UPDATE attestation_nodes SET last_result_at = now() - interval '1 hour'");
    expect(await failed()).toEqual({ 'tpm:n1': 'tpm_silent' });
    await db.query('UPDATE attestation_nodes SET last_result_at = now()');
    await db.query('UPDATE log_heads SET halted_at = now()');
    expect(await failed()).toEqual({ sequencer: 'log_halted' });
    await db.query('UPDATE log_heads SET halted_at = NULL');
    await db.query(
      'DELETE FROM drizzle.__drizzle_migrations WHERE id = (SELECT max(id) FROM drizzle.__drizzle_migrations)',
    );
    expect(await failed()).toEqual({ migrations: 'schema_differs', readiness: 'not_ready' });
    const behind = await run(['db', 'status', '--base-url', world.api.url, '--json']);
    expect([behind.code, JSON.parse(behind.out)]).toEqual([1, expect.objectContaining({ state: 'behind' })]);
    const offline = await run(['db', 'status', '--database', world.api.databaseUrl, '--json']);
    expect(offline).toEqual(behind);
    await db.query("INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('', 0)");
    expect((await run(['db', 'status', '--base-url', world.api.url])).code).toBe(0);
  });

  it('S1-45 fails when a store cannot be written', async () => {
    const bad = await startApi({ databaseUrl: world.api.databaseUrl, stateRoot: '/proc/nowhere' });
    onTestFinished(() => bad.close());
    const { checks } = await json<{ checks: Finding[] }>(bad.get('/v1/doctor?only=components'));
    expect(checks.filter(({ name, ok }) => name.startsWith('storage') && !ok)).toMatchObject([
      { name: 'storage:state_root', code: 'write_failed' },
      { name: 'storage:blobs', code: 'blobs_unreachable' },
    ]);
  });

  it('finds a database that is gone, and answers all the same', async () => {
    const gone = await startApi({ databaseUrl: 'postgres://nobody@127.0.0.1:9/x', stateRoot });
    onTestFinished(() => gone.close());
    const { ok, checks } = await json<{ ok: boolean; checks: Finding[] }>(gone.get('/v1/doctor'));
    expect(ok).toBe(false);
    expect(checks.find(({ name }) => name === 'database')).toMatchObject({ ok: false, code: 'check_failed' });
    expect(checks.filter((check) => check.ok).map(({ name }) => name)).not.toContain('migrations');
  });

  it('finds a server that does not answer, with exit code 1', async () => {
    const { code, out } = await run(['doctor', '--base-url', await nobody(), '--json']);
    const { checks } = JSON.parse(out) as { checks: Finding[] };
    expect(code).toBe(1);
    expect(checks.filter(({ ok }) => ok)).toEqual([]);
    expect(checks.map(({ name }) => name)).toContain('server');
  });

  it('S3-04 says nothing of the database when it does not answer', async () => {
    const { code, err } = await run(['db', 'status', '--database', 'postgres://me:hunter2@127.0.0.1:9/x']);
    expect(code).toBe(7);
    expect(err).not.toContain('hunter2');
  });
});

describe('interlock doctor upstreams', () => {
  const upstreams = (...args: string[]) => run(['doctor', ...args, '--base-url', world.api.url, '--json']);

  it('S1-76 probes what is asked for; doctor routes is the same; a probe that nobody has is no success', async () => {
    const results = [expect.objectContaining({ name: 'model', probe: 'readiness', ok: true })];
    const plain = await upstreams('upstreams');
    expect([plain.code, JSON.parse(plain.out)]).toEqual([0, { results, missing: [] }]);
    const auth = await upstreams('routes', '--check-auth', '--check-references', '--canary');
    expect([auth.code, JSON.parse(auth.out)]).toEqual([1, { results, missing: ['reference', 'auth', 'canary'] }]);
    expect((await upstreams('upstreams', 'nobody')).code).toBe(1);
  });
});
