import { describe, expect, it } from 'vitest';
import { duration, serverPart } from '../../../cli/status/server-part.ts';
import { fakeServer, nobody, problem, run } from './run.ts';

const SECRETS = {
  INTERLOCK_REGISTRY_URL: 'https://me:pass@registry.example/v1',
  INTERLOCK_REGISTRY_TOKEN: 'registry-secret',
  AWS_ACCESS_KEY_ID: 'key-id',
  AWS_SECRET_ACCESS_KEY: 's3-secret',
};

const absent = { configured: false };
const STATUS = {
  instance: 'host',
  version: '0.0.0',
  time: '2026-03-14T12:00:00.000Z',
  schema: { version: 3, head: 4 },
  health: {
    ok: false,
    failing: ['temporal'],
    warnings: [{ code: 'relay_backlog', since: '2026-03-14T11:00:00.000Z', detail: 'slow' }],
  },
  storage: { ok: false, probes: [{ name: 'state_root', ok: false, latency_ms: 1, error: 'ENOSPC' }] },
  gates: { agent: { open: false, hold_count: 1, holds: [{}] }, vault: { open: true, hold_count: 0, holds: [] } },
  incidents: { open: 1, contained: 1, pending_recoveries: 1, oldest_pending_age_ms: 3_700_000 },
  attestation: { state: 'trusted', simulated: true },
  integrity: { state: 'degraded' },
  ledger: { size: 7, checkpoint_age_ms: 61_000, anchor: 'ok' },
  notifications: { open: 0 },
  files: { containment: { configured: true, drift: true, error: null } },
  registry: absent,
  blob: { backend: 's3', reachable: true },
  governance: { mode: 'enforce', override: { ticket: 'T-1', expires_at: '2026-03-14T13:00:00.000Z' } },
  policy: { profile: 'lab-default', lock: true, pinned: false },
  provider_readiness: absent,
  runs: { ...absent, waiting_for_approval: 0, waiting_for_user_question: 1 },
  delivery: absent,
  runtime: absent,
  auth: { mode: 'loopback', bind: '127.0.0.1:8515' },
  slo: [
    { signal: 'a', level: 'ok' },
    { signal: 'b', level: 'page', since: '2026-03-14T11:00:00.000Z' },
  ],
};

describe('status', () => {
  it('prints what the client knows with the server down, exit code 7', async () => {
    const url = await nobody();
    const ran = await run(['status', '--base-url', url], SECRETS);
    expect(ran).toEqual({
      code: 7,
      out: [
        `base_url: ${url}`,
        'token: missing',
        'registry_url: https://registry.example/v1',
        'registry_token: set',
        's3_credentials: present',
        'server: unreachable (connection refused)',
        '',
      ].join('\n'),
      err: '',
    });
  });

  it('says that it is refused, or what the server lacks', async () => {
    const refused = await fakeServer(() => problem(401, 'unauthenticated'));
    expect(await run(['status', '--base-url', refused.url])).toMatchObject({ code: 6 });
    const down = await fakeServer(() => problem(503, 'database_unreachable'));
    const ran = await run(['status', '--base-url', down.url]);
    expect([ran.code, ran.out.trim().split('\n').at(-1)]).toEqual([7, 'server: unreachable (database_unreachable)']);
  });

  it('goes on with what the server knows', async () => {
    const { url } = await fakeServer(() => ({ body: STATUS }));
    const { code, out } = await run(['status', '--base-url', url]);
    expect(code).toBe(0);
    const lines = out.split('\n');
    for (const line of [
      'schema: 3 (behind)',
      'health: not ok: temporal',
      'warning: relay_backlog since 2026-03-14T11:00:00.000Z slow',
      'storage_probe: state_root failed: ENOSPC',
      'gate_agent: closed (1 hold)',
      'gate_vault: open',
      'gate_tool: unknown',
      'oldest_pending_age: 1 h 1 min',
      'attestation: trusted (simulated)',
      'integrity: degraded',
      'ledger_checkpoint_age: 1 min 1 s',
      'containment_file: differs from the policy in force',
      'registry_required: not configured',
      'blob_backend: s3',
      'governance_mode: enforce',
      'override: active ticket=T-1 expires=2026-03-14T13:00:00.000Z',
      'policy_lock: on',
      'runs_running: not configured',
      'waiting_for_user_question: 1',
      'slo: b page since 2026-03-14T11:00:00.000Z',
    ])
      expect(lines).toContain(line);
    const asJson = await run(['status', '--json', '--base-url', url]);
    expect(JSON.parse(asJson.out)).toMatchObject({ ...STATUS, client: { token: 'missing' } });
  });

  it('S0-06 S0-07 names the registry that the server asks, unless the client knows of one', async () => {
    const registry = { configured: true, required: true, url: 'https://reg.example', token: 'set', reachable: null };
    const { url } = await fakeServer(() => ({ body: { ...STATUS, registry } }));
    const lines = async (env = {}) => (await run(['status', '--base-url', url], env)).out.split('\n');
    const said = ['registry_url: https://reg.example', 'registry_token: set', 'registry_required: yes'];
    expect(await lines()).toEqual(expect.arrayContaining([...said, 'registry_reachable: unknown']));
    const own = ['registry_url: https://registry.example/v1', 'registry_token: set', 'registry_required: yes'];
    expect(await lines(SECRETS)).toEqual(expect.arrayContaining(own));
  });

  it('names an override that is not there', () => {
    const lines = serverPart({ ...STATUS, governance: { mode: 'advisory', override: null } });
    expect(lines).toContainEqual(['override', 'none']);
  });

  it('gives durations in their two largest units', () => {
    expect([null, 0, 59_999, 60_000, 3_600_000, 90_000_000].map(duration)).toEqual([
      null,
      '0 s',
      '59 s',
      '1 min 0 s',
      '1 h 0 min',
      '1 d 1 h',
    ]);
  });
});
