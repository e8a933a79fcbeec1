import { describe, expect, it } from 'vitest';
import { fakeServer, run } from './run.ts';
import type { Canned, Seen } from './run.ts';

const BINDING = 'b'.repeat(64);
const requirement = (more: object = {}) => ({
  incident_id: 'INC-2',
  incident_class: 'attestation_failure',
  severity: 'critical',
  require_ack: true,
  require_reattest: true,
  acked_at: '',
  acked_by: '',
  re_attested_at: '',
  recovery_complete: false,
  containment_latch_active: true,
  containment_binding: BINDING,
  required_after: '2026-03-14T12:00:00.000Z',
  ...more,
});

describe('gates', () => {
  it('check ends with 0 when open, 1 when closed', async () => {
    const hold = { hold_id: 'INC-1/force_vault_relock', since: '2026-03-14T12:00:00.000Z', reason: 'critical' };
    const { url, seen } = await fakeServer(({ body }) =>
      (body as { target?: string }).target === 'x'
        ? { body: { open: true, holds: [] } }
        : { body: { open: false, holds: [hold] } },
    );
    const check = (...args: string[]) => run(['gates', 'check', ...args, '--base-url', url]);
    expect(await check('vault', 'x')).toEqual({ code: 0, out: 'open\n', err: '' });
    const closed = await check('vault');
    expect([closed.code, closed.out.split('\n')[0]]).toEqual([1, 'closed']);
    expect(closed.out).toContain('INC-1/force_vault_relock');
    expect(seen.map((s) => s.body)).toEqual([{ gate: 'vault', target: 'x' }, { gate: 'vault' }]);
  });

  it('are a table', async () => {
    const gate = {
      gate: 'agent',
      open: false,
      hold_count: 2,
      holds: [{ incident_id: 'INC-1', since: 't', reason: 'r' }],
    };
    const open = { gate: 'vault', open: true, hold_count: 0, holds: [] };
    const { url } = await fakeServer(() => ({ body: [gate, open] }));
    expect((await run(['gates', '--base-url', url])).out).toBe(
      [
        'GATE   STATE   HOLDS  SINCE  BY     REASON',
        'agent  closed  2      t      INC-1  r',
        'vault  open    0      -      -      -',
        '',
      ].join('\n'),
    );
  });
});

describe('recovery', () => {
  /** Two pages; the incident is on the second. An acknowledgement fills what it fills. */
  async function ceremony() {
    let acked = {};
    const answer = ({ path }: Seen): Canned => {
      if (path.endsWith('/ack')) {
        acked = { acked_at: '2026-03-14T12:01:00.000Z', acked_by: 'me@org' };
        return { body: { status: 'acknowledged' } };
      }
      if (path.includes('cursor=')) return { body: { pending_recoveries: [requirement(acked)], count: 2 } };
      const Link = '</api/v1/recovery/status?cursor=abc>; rel="next"';
      return { body: { pending_recoveries: [requirement({ incident_id: 'INC-1' })], count: 2 }, headers: { Link } };
    };
    return fakeServer(answer);
  }

  it('S4-23 ack sends the binding it read, and says what is still missing', async () => {
    const { url, seen } = await ceremony();
    const line = ['recovery', 'ack', 'INC-2', '--operator', 'me@org', '--note', 'seen', '--base-url', url];
    expect(await run(line)).toEqual({ code: 0, out: 'status: acknowledged\nmissing: reattest\n', err: '' });
    expect(seen.find((s) => s.method === 'POST')?.body).toEqual({
      incident_id: 'INC-2',
      operator: 'me@org',
      note: 'seen',
      containment_binding: BINDING,
    });
  });

  it('S4-22 status is a table of what is missing, and says when there is more', async () => {
    const { url } = await ceremony();
    const { out, err } = await run(['recovery', 'status', '--base-url', url]);
    expect(out.split('\n')[1]).toMatch(/^INC-1 +critical +attestation_failure +ack reattest +- +- +ack, reattest$/);
    expect(err).toBe('the oldest 1 of 2\n');
  });

  it('a complete ceremony whose containment is not settled waits for that', async () => {
    const waits = requirement({ acked_at: 't', re_attested_at: 't' });
    const { url } = await fakeServer(() => ({ body: { pending_recoveries: [waits], count: 1 } }));
    expect((await run(['recovery', 'status', '--base-url', url])).out).toMatch(/ containment\n$/);
  });
});

describe('incidents', () => {
  const incident = {
    id: 'INC-1',
    created_at: '2026-03-14T12:00:00.000Z',
    class: 'tool_call_burst',
    severity: 'medium',
    state: 'contained',
    source: 's',
    description: 'red \u001b[31malert\u0007\nid: INC-9 \u202e',
    evidence: { subject: 'agent:1', calls: [1, 2] },
    containment_actions: ['freeze_agent'],
    containment_results: [{ action: 'freeze_agent', success: true, completed_at: '2026-03-14T12:00:00.000Z' }],
    policy_digest: 'p',
    hash: 'h',
  };

  it('are shown without what a terminal would obey', async () => {
    const { url } = await fakeServer(() => ({ body: incident }));
    const { out } = await run(['incident', 'show', 'INC-1', '--base-url', url]);
    expect(out).toContain('description: red \\u001b[31malert\\u0007\\u000aid: INC-9 \\u202e\n');
    expect(out).toContain('evidence.calls: [1,2]\n');
    expect(out).toContain('action.freeze_agent: in force since 2026-03-14T12:00:00.000Z\n');
    const asJson = await run(['incident', 'show', 'INC-1', '--json', '--base-url', url]);
    expect(asJson.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(JSON.parse(asJson.out)).toEqual(incident);
  });

  it('are shown with every target they hold, and which of them is still to come', async () => {
    const containment_targets = ['agent:1', 'agent:2'].map((target) => ({ action: 'freeze_agent', target }));
    const containment_results = [{ ...incident.containment_results[0], target: 'agent:1' }];
    const { url } = await fakeServer(() => ({ body: { ...incident, containment_targets, containment_results } }));
    const { out } = await run(['incident', 'show', 'INC-1', '--base-url', url]);
    expect(out).toContain('action.freeze_agent: agent:1: in force since 2026-03-14T12:00:00.000Z\n');
    expect(out).toContain('action.freeze_agent: agent:2: pending\n');
  });

  it('are listed over all pages with --all', async () => {
    const { url } = await fakeServer(({ path }) =>
      path.includes('cursor')
        ? { body: [{ ...incident, id: 'INC-2' }] }
        : { body: [incident], headers: { Link: '</api/v1/incidents?cursor=x>; rel="next"' } },
    );
    const ids = (text: string) => (JSON.parse(text) as { id: string }[]).map((i) => i.id);
    const some = await run(['incident', 'list', '--json', '--base-url', url]);
    expect([ids(some.out), some.err]).toEqual([['INC-1'], 'there are more: --all lists them\n']);
    const all = await run(['incident', 'list', '--all', '--json', '--base-url', url]);
    expect([ids(all.out), all.err]).toEqual([['INC-1', 'INC-2'], '']);
  });

  it('S4-01 a report carries what its flags say', async () => {
    const { url, seen } = await fakeServer(() => ({ status: 200, body: incident }));
    const flags = ['--severity', 'high', '--evidence', '{"subject":"agent:1"}', '--dedup-key', 'k', '--wait', '5'];
    const line = ['incident', 'report', '--class', 'tool_call_burst', '--source', 's', '--description', 'd', ...flags];
    expect(await run([...line, '--base-url', url])).toMatchObject({ code: 0, err: 'folded into INC-1\n' });
    expect(seen[0]?.headers.prefer).toBe('wait=5');
    expect(seen[0]?.body).toEqual({
      class: 'tool_call_burst',
      source: 's',
      description: 'd',
      severity: 'high',
      evidence: { subject: 'agent:1' },
      dedup_key: 'k',
    });
  });

  it('a set that was not decided whole is blocked', async () => {
    const refused = [{ incident_id: 'INC-1', code: 'recovery_incomplete', missing: ['ack'] }];
    const { url, seen } = await fakeServer(() => ({ body: { changed: 2, refused } }));
    const flags = ['--created-before', '2026-03-14T12:00:00Z', '--expected-count', '3', '--operator', 'me@org'];
    const line = ['incident', 'resolve-set', '--class', 'manifest_mismatch', ...flags, '--base-url', url];
    const { code, out } = await run(line);
    expect([code, out.split('\n').slice(0, 2)]).toEqual([4, ['changed: 2', 'refused: 1']]);
    expect(seen[0]?.body).toEqual({
      class: 'manifest_mismatch',
      created_before: '2026-03-14T12:00:00Z',
      expected_count: 3,
      operator: 'me@org',
    });
  });
});

describe('attestation, integrity, models', () => {
  it('status ends with 0 only when trusted', async () => {
    for (const [state, code] of [
      ['trusted', 0],
      ['degraded', 1],
      ['unknown', 1],
    ] as const) {
      const { url } = await fakeServer(() => ({ body: { state, nodes: [{ node: 'local', last_passed: true }] } }));
      const ran = await run(['attestation', 'status', '--base-url', url]);
      expect([ran.code, ran.out.split('\n')[0]]).toEqual([code, `state: ${state}`]);
    }
  });

  it('diff names the claims and the PCRs that differ', async () => {
    const diff = {
      node: 'local',
      state: 'enrolled',
      reference_version: 1,
      appraised_at: 't',
      passed: false,
      failed: [{ claim: 'pcr_23', ok: false, expected: 'aa', actual: 'bb' }],
      pcrs: [{ pcr: 23, reference: ['aa'], quoted: 'bb', match: false }],
    };
    const { url, seen } = await fakeServer(() => ({ body: diff }));
    const { code, out } = await run(['attestation', 'diff', 'local', '--base-url', url]);
    expect(code).toBe(1);
    expect(out).toContain('failed: pcr_23: expected aa, found bb\n');
    expect(out).toMatch(/\n23 +no +bb +aa\n/);
    expect(seen[0]?.path).toBe('/v1/attestation/diff?node=local');
  });

  it('the first of two people waits for the second', async () => {
    const { url, seen } = await fakeServer(() => ({ status: 202, body: { status: 'second_person_required' } }));
    const ran = await run(['attestation', 'retire', 'n1', '--reason', 'burnt', '--base-url', url]);
    expect(ran).toEqual({ code: 3, out: 'status: second_person_required\n', err: '' });
    expect(
      (await run(['attestation', 'enroll', '--replace', 'n1', '--reason', 'new', '--confirm', 'n1', '--base-url', url]))
        .code,
    ).toBe(3);
    expect(seen.map((s) => s.body)).toEqual([
      { node: 'n1', reason: 'burnt' },
      { node: 'n1', replace: true, reason: 'new', confirm: 'n1' },
    ]);
  });

  it('S4-28 integrity shows what changed', async () => {
    const facts = (sha256: string) => ({ sha256, size: 3, mode: 0o644 });
    const diff = {
      baseline: 'protected',
      baseline_version: 2,
      checked_at: 't',
      passed: false,
      differences_total: 3,
      differences: [
        { path: 'a', kind: 'changed', expected: facts('a'.repeat(64)), actual: facts('b'.repeat(64)) },
        { path: 'b', kind: 'missing', expected: facts('c'.repeat(64)) },
      ],
    };
    const { url, seen } = await fakeServer(() => ({ body: diff }));
    const { code, out, err } = await run(['integrity', 'check', '--base-url', url]);
    expect([code, err]).toEqual([1, '1 more differences are not listed\n']);
    expect(out).toContain('a     changed  aaaaaaaaaaaa 3 bytes 644  bbbbbbbbbbbb 3 bytes 644\n');
    expect(seen[0]?.body).toEqual({ baseline: 'protected' });
  });

  it('S4-29 model release says what it frees', async () => {
    const { url, seen } = await fakeServer(() => ({ body: { released: 1, granted: 2 } }));
    const ran = await run(['model', 'release', 'sha256:0', '--removed', '--reason', 'deleted', '--base-url', url]);
    expect(ran).toEqual({ code: 0, out: 'released: 1\ngranted: 2\n', err: '' });
    expect(seen[0]?.body).toEqual({ target: 'sha256:0', how: 'removed', reason: 'deleted' });
  });
});

describe('adapters', () => {
  const adapter = {
    name: 'edge',
    state: 'active',
    url: 'http://127.0.0.1:1',
    actions: ['freeze_agent'],
    unacknowledged: 1,
    last_ack_at: null,
    last_latency_ms: null,
    last_error: 'timeout',
  };

  it('put sends the definition that --json names, list shows what is unacknowledged', async () => {
    const { url, seen } = await fakeServer(({ method }) => ({ body: method === 'GET' ? [adapter] : adapter }));
    const definition = { mode: 'external', url: adapter.url, actions: adapter.actions, secret: { ref: 'env:EDGE' } };
    const put = await run(['adapters', 'put', 'edge', '--json', JSON.stringify(definition), '--base-url', url]);
    expect([put.code, seen[0]?.method, seen[0]?.path, seen[0]?.body]).toEqual([
      0,
      'PUT',
      '/v1/adapters/edge',
      definition,
    ]);
    expect((await run(['adapters', 'list', '--base-url', url])).out).toMatch(
      /^NAME .*\nedge {2}active {2}freeze_agent {2}1 /,
    );
  });

  it('list follows every page', async () => {
    const { url, seen } = await fakeServer(({ path }) =>
      path.includes('cursor')
        ? { body: [{ ...adapter, name: 'last' }] }
        : { body: [adapter], headers: { Link: '</v1/adapters?cursor=x>; rel="next"' } },
    );
    expect((await run(['adapters', 'list', '--base-url', url])).out).toMatch(/\nedge .*\nlast /);
    expect(seen.map((request) => request.path)).toEqual(['/v1/adapters', '/v1/adapters?cursor=x']);
  });

  it('test ends with 1 when the adapter did not answer as it should, retire waits for a second person', async () => {
    const { url } = await fakeServer(({ path }) =>
      path.endsWith('/test')
        ? { body: { name: 'edge', ok: false, error: 'timeout' } }
        : { status: 202, body: { status: 'second_person_required' } },
    );
    expect(await run(['adapters', 'test', 'edge', '--base-url', url])).toMatchObject({ code: 1 });
    expect(await run(['adapters', 'retire', 'edge', '--reason', 'gone', '--base-url', url])).toMatchObject({ code: 3 });
  });
});
