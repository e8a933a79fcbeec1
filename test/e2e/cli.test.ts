import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';
import { typedAt } from '../support/typed.ts';
import type { Ran } from '../support/typed.ts';

let t: TestStack;
beforeAll(async () => {
  // The watches would report the same changes by themselves, as incidents of their own.
  t = await testStack({ env: { INTERLOCK_WATCH_INTERVAL: '3600' } });
});
afterAll(() => t?.close());

/** `./script/interlock …`, as an operator types it. */
const interlock = (...argv: string[]): Promise<Ran> => typedAt(t.stack.urls.api, argv);

/** The value of a `key: value` line. */
const fact = ({ out }: Ran, key: string) =>
  out
    .split('\n')
    .find((line) => line.startsWith(`${key}: `))
    ?.slice(key.length + 2);

async function report(cls: string, ...flags: string[]): Promise<string> {
  const ran = await interlock('incident', 'report', '--class', cls, '--source', 'cli', '--description', 'd', ...flags);
  expect(ran).toMatchObject({ code: 0, err: '' });
  return fact(ran, 'id') ?? '';
}

describe('S4-32 the ten steps of a recovery through the command line', () => {
  let id = '';

  it('S4-33 S4-01 1 detect', async () => {
    expect(await interlock('health')).toMatchObject({ code: 0 });
    await t.sh('tpm2_pcrextend 23:sha256=$(printf intruder | sha256sum | cut -d" " -f1)');
    id = await report('attestation_failure', '--evidence', '{"node":"local"}');
    expect((await interlock('health')).code).toBe(1);
    expect(await interlock('attestation', 'status')).toMatchObject({ code: 1 });
  });

  it('S4-18 2 identify', async () => {
    const listed = await interlock('incident', 'list', '--state', 'contained');
    expect(listed.out.split('\n').filter((line) => line.includes(id))).toHaveLength(1);
  });

  it('S4-15 S4-20 3 review', async () => {
    const shown = await interlock('incident', 'show', id);
    expect(['class', 'severity', 'state', 'evidence.node'].map((key) => fact(shown, key))).toEqual([
      'attestation_failure',
      'critical',
      'contained',
      'local',
    ]);
    expect((await interlock('gates', 'check', 'vault')).code).toBe(1);
  });

  it('S4-27 4 fix: the quote is refused until the cause is gone, and diff names it', async () => {
    const failed = await interlock('recovery', 'reattest', id);
    expect(failed).toMatchObject({ code: 4, out: '' });
    expect(failed.err).toContain('(appraisal_failed)');
    expect(failed.err).toContain('pcr_23');
    const diff = await interlock('attestation', 'diff', 'local');
    expect(diff.code).toBe(1);
    expect(diff.out).toMatch(/^23 +no /m);
    await t.sh('tpm2_pcrreset 23');
  });

  it('S4-22 S4-26 5 check requirements', async () => {
    const { out } = await interlock('recovery', 'status');
    expect(out).toMatch(new RegExp(`^${id} +critical +attestation_failure +ack reattest `, 'm'));
    const blocked = await interlock('incident', 'resolve', id);
    expect(blocked.code).toBe(4);
    expect(blocked.err).toContain('missing: ack, reattest');
  });

  it('S4-23 S4-24 6 acknowledge', async () => {
    const ran = await interlock('recovery', 'ack', id, '--operator', 'me@org', '--note', 'PCR 23 was extended by hand');
    expect(ran).toEqual({ code: 0, out: 'status: acknowledged\nmissing: reattest', err: '' });
  });

  it('S4-30 7 re-attest', async () => {
    const ran = await interlock('recovery', 'reattest', id);
    expect(ran).toEqual({ code: 0, out: 'status: re-attestation recorded\nmissing: nothing', err: '' });
  });

  it('S4-31 8 verify', async () => {
    expect((await interlock('recovery', 'status')).out).toBe('no recovery is pending');
  });

  it('S4-34 9 resolve', async () => {
    const resolved = await interlock('incident', 'resolve', id);
    expect([resolved.code, fact(resolved, 'state')]).toEqual([0, 'resolved']);
    expect(fact(resolved, 'acked')).toMatch(/Z by me@org$/);
  });

  it('S4-35 S4-36 S4-37 10 verify health', async () => {
    expect(await interlock('health')).toMatchObject({ code: 0 });
    expect((await interlock('attestation', 'status')).code).toBe(0);
    expect((await interlock('integrity', 'check')).code).toBe(0);
    const status = await interlock('status');
    const keys = [
      'server',
      'token',
      'gate_vault',
      'attestation',
      'integrity',
      'registry_required',
      'pending_recoveries',
    ];
    expect(keys.map((key) => fact(status, key))).toEqual([
      'reachable',
      'missing',
      'open',
      'trusted (simulated)',
      'trusted',
      'yes',
      '0',
    ]);
    expect((await interlock('gates', 'check', 'vault')).code).toBe(0);
  });
});

describe('what the ledger says afterwards', () => {
  it('S1-115 the timeline of the recovery, with who did what', async () => {
    const [incident] = JSON.parse((await interlock('incident', 'list', '--json')).out) as { id: string }[];
    const id = incident?.id ?? '';
    const actions = async () =>
      (
        JSON.parse((await interlock('timeline', id, '--json')).out) as { entry: { action: string; actor: string } }[]
      ).map(({ entry }) => entry.action);
    const expected = ['incident_reported', 'holds_placed', 'recovery_acknowledged', 'recovery_reattested'];
    const end = ['holds_released', 'incident_resolved'];
    // On a slow machine reconcile says things in between.
    const said = (await actions()).filter((action) => [...expected, ...end].includes(action));
    expect([...said.slice(0, -2), ...said.slice(-2).sort()]).toEqual([...expected, ...end]);
    const { out } = await interlock('timeline', id, '--markdown');
    expect(out).toContain(`# Timeline of ${id}`);
    expect(out).toContain('operator me@org');
  });

  it('S0-33 an audit of the last 7 days in a file', async () => {
    const file = join(t.stateRoot, 'audit.csv');
    const ran = await interlock('audit', '--csv', '--out', file);
    expect(ran).toMatchObject({ code: 0, out: '', err: expect.stringContaining('SHA-256') as string });
    const actions = readFileSync(file, 'utf8')
      .split('\r\n')
      .slice(1, -1)
      .map((line) => line.split(',')[3]);
    expect(actions).toContain('incident_resolved');
    expect(actions.length).toBeGreaterThan(10);
  });
});

describe('the cause of an integrity violation', () => {
  it('S4-28 is shown, and either undone or approved', async () => {
    const file = join(
      t.stateRoot,
      'protected',
      (await t.sh(`ls ${join(t.stateRoot, 'protected')}`)).split('\n')[0] ?? '',
    );
    const good = readFileSync(file);
    appendFileSync(file, 'changed by hand');
    const check = await interlock('integrity', 'check');
    expect(check.code).toBe(1);
    expect(check.out).toMatch(/ changed /);
    const approve = ['integrity', 'baseline', 'approve', '--reason', 'release 2'];
    const reviewed = fact(check, 'observed_digest') ?? '';
    expect((await interlock(...approve, '--ticket', 'CHG-1')).code).toBe(2);
    appendFileSync(file, 'and again');
    const late = await interlock(...approve, '--ticket', 'CHG-1', '--reviewed', reviewed);
    expect([late.code, late.err]).toEqual([4, expect.stringContaining('(observation_changed)')]);
    const now = fact(await interlock('integrity', 'check'), 'observed_digest') ?? '';
    const first = await interlock(...approve, '--ticket', 'CHG-1', '--reviewed', now);
    expect(first).toMatchObject({ code: 0, out: 'baseline_version: 2' });
    expect((await interlock('integrity', 'check')).code).toBe(0);
    writeFileSync(file, good);
    expect((await interlock('integrity', 'check')).code).toBe(1);
  });
});

describe('the other words', () => {
  it('S4-29 a quarantined model is listed and released once it was removed', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const id = await report(
      'manifest_mismatch',
      '--evidence',
      JSON.stringify({ model_digest: digest, subject: 'agent:1' }),
    );
    expect((await interlock('model', 'list')).out).toContain(digest);
    const acked = await interlock('recovery', 'ack-set', ...setOf('manifest_mismatch'));
    expect(acked).toMatchObject({ code: 0, out: 'changed: 1\nrefused: 0' });
    const resolved = await interlock('incident', 'resolve-set', ...setOf('manifest_mismatch'));
    expect(resolved).toMatchObject({ code: 0, out: 'changed: 1\nrefused: 0' });
    expect(fact(await interlock('incident', 'show', id), 'state')).toBe('resolved');
    expect((await interlock('gates', 'check', 'model', digest)).code).toBe(1);
    const released = await interlock('model', 'release', digest, '--removed', '--reason', 'deleted');
    expect(released).toMatchObject({ code: 0, out: 'released: 1\ngranted: 0' });
    expect((await interlock('gates', 'check', 'model', digest)).code).toBe(0);
  });

  it('S4-51 S4-52 stats and reload answer; the last node stays', async () => {
    expect(fact(await interlock('stats'), 'by_class.manifest_mismatch')).toBe('1');
    expect(fact(await interlock('reload'), 'status')).toBe('reloaded');
    const retire = await interlock('attestation', 'retire', 'local', '--reason', 'burnt', '--confirm', 'local');
    expect([retire.code, retire.err]).toEqual([4, expect.stringContaining('(last_node)')]);
  });
});

const setOf = (cls: string): string[] =>
  `--class ${cls} --created-before 2999-01-01T00:00:00Z --expected-count 1 --operator me@org`.split(' ');
