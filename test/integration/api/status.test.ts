import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeServer, listen } from '../../../api/listen.ts';
import { attestationReport, createStateApp, integrityReport } from '../../../api/state-ports.ts';
import type { StateReport } from '../../../api/state-ports.ts';
import { openDatabase } from '../../../db/client.ts';
import { RELAY_SESSION } from '../../../db/read/relay.ts';
import { json, startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { rawRequest } from './raw-request.ts';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.close());

const PATHS = `instance version time schema.version schema.head health.ok health.warnings storage.ok storage.probes
  gates.agent.open gates.agent.holds gates.airlock.open gates.vault.open gates.model.open gates.tool.open incidents.open
  incidents.contained incidents.pending_recoveries incidents.oldest_pending_age_ms attestation.state attestation.simulated
  integrity.state ledger.size ledger.checkpoint_age_ms ledger.anchored_size ledger.anchor notifications.open
  files.containment files.policy files.upstreams files.hooks registry.required registry.url registry.token
  registry.reachable blob.backend blob.endpoint blob.credentials blob.reachable governance.mode governance.override
  policy.profile policy.hash policy.lock policy.pinned provider_readiness.active_route_ready
  provider_readiness.error_route_count provider_readiness.routes runs.running runs.queued runs.oldest_queued_run_age_ms
  runs.oldest_non_terminal_run_idle_ms runs.waiting_for_approval runs.waiting_for_user_question delivery.pending
  delivery.unresolved_dead_lettered runtime.permission_mode runtime.debug_level runtime.debug_until auth.mode auth.bind slo`;

const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((v, key) => (v as Record<string, unknown> | undefined)?.[key], value);

const readyz = () => json<{ status: string; failing?: string[] }>(api.get('/readyz'));

async function stateOf(report: (db: ApiUnderTest['db']) => Promise<StateReport>): Promise<Record<string, unknown>> {
  const deps = { db: api.db, auth: { loopbackTrust: true }, log: pino({ level: 'silent' }) };
  const server = await listen(createStateApp(deps, report), '127.0.0.1', 0);
  const { port } = server.address() as { port: number };
  try {
    return (await rawRequest(port, '/api/v1/state', {})).body;
  } finally {
    await closeServer(server);
  }
}

describe('status', () => {
  it('S3-04 has every fixed path, also of what is not there', async () => {
    const status = await json(api.get('/v1/status'));
    const absent = PATHS.split(/\s+/).filter((path) => at(status, path) === undefined);
    expect(absent).toEqual([]);
    expect(status['schema']).toEqual({ version: expect.any(Number) as number, head: expect.any(Number) as number });
    expect(at(status, 'schema.version')).toBe(at(status, 'schema.head'));
    for (const name of ['policy', 'provider_readiness', 'runs', 'delivery'])
      expect(at(status, `${name}.configured`)).toBe(false);
    expect(status['files']).toMatchObject({
      containment: { configured: true, drift: false },
      hooks: { configured: false },
    });
    expect(status['auth']).toMatchObject({ mode: 'loopback' });
  });

  it('counts what waits and warns of a relay that lags', async () => {
    const report = { class: 'manifest_mismatch', source: 's', description: 'd' };
    await api.post('/api/v1/incidents/report', report);
    await api.db.query("UPDATE outbox SET created_at = created_at - interval '1 minute'");
    const status = await json(api.get('/v1/status'));
    expect(status['incidents']).toMatchObject({ open: 1, contained: 1, pending_recoveries: 1 });
    expect(at(status, 'incidents.oldest_pending_age_ms')).toBeGreaterThanOrEqual(0);
    expect(at(status, 'runs.waiting_for_user_question')).toBe(1);
    expect(at(status, 'gates.model')).toMatchObject({ open: false, hold_count: 1 });
    expect(at(status, 'health.warnings')).toEqual([expect.objectContaining({ code: 'relay_backlog' })]);
  });

  it('S1-26 healthz answers while the engine is gone, readyz names what is missing', async () => {
    expect(await json(api.get('/healthz'))).toEqual({ status: 'ok' });
    api.engine.reachable = false;
    expect(await readyz()).toEqual({
      status: 'unavailable',
      failing: ['relay', 'temporal', 'pollers:control', 'pollers:control-critical', 'pollers:egress'],
    });
    api.engine.reachable = true;
    expect((await readyz()).failing).toEqual(['relay']);
    const relay = openDatabase({ url: api.databaseUrl, name: RELAY_SESSION, max: 1 });
    await relay.query('SELECT 1');
    expect(await readyz()).toEqual({ status: 'ok' });
    await relay.end();
  });

  it('S4-36 the attestation port is unknown before the first quote, trusted after a pass, degraded by an open incident', async () => {
    expect(await stateOf(attestationReport)).toMatchObject({ state: 'unknown', nodes: [], simulated: false });
    await api.db.query(
      `INSERT INTO attestation_nodes (workspace_id, node, state, ek_public, ek_trust, ak_public, ak_name, enrolled_at,
          reboot_pending, missed_quotes, last_passed, last_result_at, last_pass_at, version, actor)
        VALUES ('system', 'n1', 'enrolled', '', 'simulated', '', '', now(), false, 0, true, now(), now(), 1, 'test')`,
    );
    expect(await stateOf(attestationReport)).toMatchObject({ state: 'trusted', simulated: true, open_incidents: 0 });
    const failure = { class: 'attestation_failure', source: 's', description: 'd' };
    await api.post('/api/v1/incidents/report', failure, { 'X-Interlock-Workspace': 'lab' });
    expect(await stateOf(attestationReport)).toMatchObject({ state: 'degraded', open_incidents: 1 });
  });

  it('S4-37 the integrity port speaks for the baseline in force', async () => {
    expect(await stateOf(integrityReport)).toMatchObject({ state: 'unknown', baselines: [] });
    const approve = (version: number) =>
      api.db.query(
        `INSERT INTO integrity_baselines (workspace_id, baseline, version, envelope, digest, reason, created_at, actor)
          VALUES ('system', 'files', $1, '', '', '', now(), 'test')`,
        [version],
      );
    const check = (version: number, passed: boolean) =>
      api.db.query(
        `INSERT INTO integrity_results (workspace_id, baseline, baseline_version, passed, differences, total_differences, at, actor)
          VALUES ('system', 'files', $1, $2, '[]', 0, now(), 'test')`,
        [version, passed],
      );
    await approve(1);
    expect(await stateOf(integrityReport)).toMatchObject({ state: 'unknown' });
    await check(1, true);
    expect(await stateOf(integrityReport)).toMatchObject({ state: 'trusted' });
    await check(1, false);
    expect(await stateOf(integrityReport)).toMatchObject({ state: 'degraded' });
    await approve(2);
    expect(await stateOf(integrityReport)).toMatchObject({ state: 'unknown' });
    await check(2, true);
    expect(await stateOf(integrityReport)).toMatchObject({ state: 'trusted' });
  });
});
