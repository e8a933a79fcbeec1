import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CollectedEvidence } from '../../../activities/types.ts';
import type { AttestationContext } from '../../../db/attestation/context.ts';
import { one, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { acknowledgeRecovery } from '../../../db/command/acknowledge.ts';
import { firstIntegrityBaseline } from '../../../db/command/baseline.ts';
import { openChallenges } from '../../../db/command/challenges.ts';
import type { OpenedChallenge } from '../../../db/command/challenges.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import { recordReports } from '../../../db/command/intake.ts';
import { reattestIncident } from '../../../db/command/reattest.ts';
import type { IncidentClass } from '../../../domain/containment/types.ts';
import type { Incident } from '../../../domain/incident/types.ts';
import type { Report } from '../../../domain/report/report.ts';
import { enrolmentPort } from '../../../workers/enrolment-port.ts';
import { enrolmentVerifier } from '../../../workers/enrolment-verifier.ts';
import { instanceKey } from '../../../workers/keys/instance-key.ts';
import { watchPort } from '../../../workers/watch-port.ts';
import { challengeOf, rootsFile, startHost } from '../../support/enrolment.ts';
import type { TestHost } from '../../support/enrolment.ts';
import { decision, openRecord, OPERATOR, requestOf } from '../../support/record.ts';

const run = promisify(execFile);
const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-test-'));
const key = instanceKey(stateRoot);
const context = (): AttestationContext => ({ environment: 'embedded', keys: [key.verification] });
const FILES = [{ path: 'a', sha256: '00'.repeat(32), size: 1, mode: 0o100644 }];
let hosts: Record<string, TestHost>;
let db: Database;

beforeAll(async () => {
  const [a, b] = await Promise.all([startHost('host-a'), startHost('host-b')]);
  hosts = { 'host-a': a, 'host-b': b };
});
afterAll(async () => {
  await Promise.all(Object.values(hosts ?? {}).map((h) => h.close()));
  rmSync(stateRoot, { recursive: true });
});
beforeEach(async () => {
  const record = await openRecord();
  ({ db } = record);
  const roots = rootsFile(Object.values(hosts).map(({ pem }, i) => ({ name: `ca-${i}`, trust: 'simulated', pem })));
  const verifier = enrolmentVerifier('embedded', roots.path);
  const port = enrolmentPort({ db, context, signer: key.signer, verifier });
  for (const [node, { host }] of Object.entries(hosts)) {
    const keys = await host.describeKeys();
    const { challenge, credential, ek_trust } = challengeOf(await port.openEnrolment({ node, ...keys }));
    const { challenge_id } = challenge;
    const { proof } = await host.proveCredential({ ...credential, challenge_id });
    const evidence = await host.collectEvidence(challenge);
    await port.completeEnrolment({ challenge_id, enrolment: { node, ek_trust, ...keys }, proof, evidence });
  }
  return async () => {
    roots.remove();
    await record.close();
  };
});

const on = (node: string): Partial<Report> => ({ evidence: { node } });
let n = 0;
async function report(cls: IncidentClass, over: Partial<Report> = {}, workspace_id = 'default'): Promise<string> {
  const source = `source-${(n += 1)}`;
  const [reply] = await recordReports(db, [requestOf(cls, { source, ...over }, { workspace_id })]);
  if (!reply?.ok) throw new Error(`refused: ${reply?.code}`);
  return reply.incident.id;
}
const row = async (id: string) => (await one<Incident>(db, 'SELECT * FROM incidents WHERE id = $1', [id]))!;
const counted = async (...ids: string[]) => {
  const found = await Promise.all(ids.map(row));
  return found.map((i) => i.reattest_binding === i.binding);
};
const entry = async (id: string, action: string) =>
  (
    await rows<{ actor: string; detail: string }>(
      db,
      'SELECT actor, detail FROM ledger_entries WHERE object = $1 AND action = $2 ORDER BY entry_id',
      [`incident/${id}`, action],
    )
  ).map(({ actor, detail }) => ({ actor, ...(JSON.parse(detail) as object) }));

async function open(id: string, workspace_id = 'default') {
  const opened = await openChallenges(db, { ...OPERATOR, workspace_id }, id);
  if (!opened.ok) throw new Error(opened.code);
  return opened;
}
const quote = async (challenges: OpenedChallenge[]) =>
  Promise.all(
    challenges.map(async (challenge) => ({
      challenge_id: challenge.challenge_id,
      evidence: await hosts[challenge.node]!.host.collectEvidence(challenge),
    })),
  );
type Answers = { challenge_id: string; evidence: CollectedEvidence }[];
const judge = (id: string, answers: Answers, observed?: object[], workspace_id = 'default') =>
  reattestIncident(
    db,
    { ...decision(id), workspace_id },
    { answers, observations: observed === undefined ? [] : [{ baseline: 'protected', observed }] },
    context(),
  );
const reattest = async (id: string, workspace_id?: string) =>
  judge(id, await quote((await open(id, workspace_id)).challenges), undefined, workspace_id);

const tpm = (tool: string, ...args: string[]) =>
  run(tool, args, { env: { ...process.env, TPM2TOOLS_TCTI: hosts['host-a']!.swtpm.tcti } });
const extend = () => tpm('tpm2_pcrextend', `23:sha256=${'ab'.repeat(32)}`);
const reset = () => tpm('tpm2_pcrreset', '23');

describe('one passing appraisal', () => {
  it('counts for every incident of its nodes that it meets, each with an entry that says so', async () => {
    const asked = await report('unauthorized_access', on('host-a'));
    const same = await report('attestation_failure', on('host-a'));
    const others = [
      await report('attestation_failure', on('host-b')),
      await report('attestation_failure'),
      await report('manifest_mismatch', on('host-a')),
    ];
    expect(await reattest(asked)).toMatchObject({ ok: true });
    expect(await counted(asked, same, ...others)).toEqual([true, true, false, false, false]);
    const binding = (await row(same)).binding;
    expect(await entry(same, 'recovery_reattested')).toEqual([
      { actor: 'local-operator', binding, occurrence: 1, shared: true, asked_for: asked },
    ]);
    expect(await entry(asked, 'recovery_reattested')).toEqual([
      { actor: 'local-operator', binding: (await row(asked)).binding, occurrence: 1 },
    ]);
    const poked = await rows(db, `SELECT 1 FROM outbox WHERE workflow_id = $1 AND version = 2`, [`recovery/${same}`]);
    expect(poked).toHaveLength(1);
    await acknowledgeRecovery(db, decision(same), { operator: 'me@org' });
    const resolved = await decideIncident(db, decision(same), { kind: 'resolve', operator: 'me@org' });
    expect(resolved).toMatchObject({ ok: true, incident: { state: 'resolved' } });
  });

  it('of all nodes counts for those of one, and for those of all', async () => {
    const all = [await report('unauthorized_access'), await report('attestation_failure')];
    const single = [
      await report('attestation_failure', on('host-a')),
      await report('attestation_failure', on('host-b')),
    ];
    expect(await reattest(all[0]!)).toMatchObject({ ok: true });
    expect(await counted(...all, ...single)).toEqual([true, true, true, true]);
  });

  it.each([
    ['its containment changed', (id: string) => db.query(`UPDATE incidents SET binding = 'other' WHERE id = $1`, [id])],
    ['an action of it settled', (id: string) => db.query('UPDATE incidents SET settlements = 1 WHERE id = $1', [id])],
    [
      'it occurred again',
      (id: string) => report('attestation_failure', { ...on('host-a'), source: 's', dedup_key: id }),
    ],
    [
      'its node is another',
      (id: string) => db.query(`UPDATE incidents SET evidence = '{"node":"host-b"}' WHERE id = $1`, [id]),
    ],
    ['it asks for all nodes', (id: string) => db.query(`UPDATE incidents SET evidence = '{}' WHERE id = $1`, [id])],
  ])('does not count for an incident when, since the challenge, %s', async (_what, change) => {
    const asked = await report('unauthorized_access', on('host-a'));
    const changed = await report('attestation_failure', { ...on('host-a'), source: 's' });
    await db.query('UPDATE incidents SET dedup_key = id WHERE id = $1', [changed]);
    const same = await report('attestation_failure', on('host-a'));
    const { challenges } = await open(asked);
    await change(changed);
    if (_what === 'it occurred again') expect((await row(changed)).occurrences).toBe(2);
    expect(await judge(asked, await quote(challenges))).toMatchObject({ ok: true });
    expect(await counted(asked, changed, same)).toEqual([true, false, true]);
  });

  it('does not count for what was reported after its challenge', async () => {
    const asked = await report('unauthorized_access', on('host-a'));
    const { challenges } = await open(asked);
    const later = await report('attestation_failure', on('host-a'));
    expect(await judge(asked, await quote(challenges))).toMatchObject({ ok: true });
    expect(await counted(asked, later)).toEqual([true, false]);
  });

  it('counts within what the caller may decide: default and system, no other workspace', async () => {
    const asked = await report('unauthorized_access', on('host-a'));
    const system = await report('attestation_failure', on('host-a'), 'system');
    const lab = await report('attestation_failure', on('host-a'), 'lab');
    const lab2 = await report('attestation_failure', on('host-a'), 'lab');
    expect(await reattest(lab, 'lab')).toMatchObject({ ok: true });
    expect(await counted(asked, system, lab, lab2)).toEqual([false, false, true, true]);
    expect(await reattest(asked)).toMatchObject({ ok: true });
    expect(await counted(asked, system)).toEqual([true, true]);
    const last = await report('attestation_failure', on('host-a'));
    expect(await reattest(system, 'system')).toMatchObject({ ok: true });
    expect(await counted(last)).toEqual([false]);
  });

  it('and another at the same time wait for each other, whichever incident they were asked for', async () => {
    const ids = [await report('unauthorized_access', on('host-a')), await report('attestation_failure', on('host-a'))];
    for (let round = 0; round < 5; round += 1) {
      const opened: Answers[] = [];
      for (const id of ids) opened.push(await quote((await open(id)).challenges));
      const both = await Promise.all(ids.map((id, i) => judge(id, opened[i]!)));
      expect(both.map((d) => d.ok)).toEqual([true, true]);
      await db.query('UPDATE incidents SET reattest_binding = NULL, recovery_pending = true');
    }
  });

  it('is spent: shown again it counts for nobody', async () => {
    const asked = await report('unauthorized_access', on('host-a'));
    const other = await report('attestation_failure', on('host-a'));
    const answers = await quote((await open(asked)).challenges);
    expect(await judge(asked, answers)).toMatchObject({ ok: true });
    expect(await counted(other)).toEqual([true]);
    await db.query('UPDATE incidents SET reattest_binding = NULL, recovery_pending = true WHERE id = $1', [other]);
    expect(await judge(asked, answers)).toMatchObject({ ok: false, code: 'challenge_used' });
    expect(await counted(other)).toEqual([false]);
  });
});

describe('a failed appraisal', () => {
  it('counts for none', async () => {
    const asked = await report('unauthorized_access', on('host-a'));
    const same = await report('attestation_failure', on('host-a'));
    const { challenges } = await open(asked);
    await extend();
    const refused = await judge(asked, await quote(challenges));
    await reset();
    expect(refused).toMatchObject({ ok: false, code: 'appraisal_failed', missing: ['host-a: pcr_23'] });
    expect(await counted(asked, same)).toEqual([false, false]);
  });

  it('of one node counts for none of that node; the other node has passed', async () => {
    const asked = await report('unauthorized_access');
    const [onA, onB] = [
      await report('attestation_failure', on('host-a')),
      await report('attestation_failure', on('host-b')),
    ];
    await extend();
    expect(await reattest(asked)).toMatchObject({ code: 'appraisal_failed' });
    await reset();
    expect(await counted(asked, onA, onB)).toEqual([false, false, true]);
  });

  it('that is newer leaves a pass without effect, whichever is recorded first', async () => {
    const asked = await report('unauthorized_access', on('host-a'));
    const same = await report('attestation_failure', on('host-a'));
    const early = await quote((await open(asked)).challenges);
    const port = watchPort({ db, context, signer: key.signer, watchIntervalMs: 1_000, signals: 'signed' });
    await extend();
    const look = (await port.openWatchChallenge('host-a'))!;
    await port.recordQuote({ challenge_id: look.challenge_id, evidence: (await quote([look]))[0]!.evidence });
    await reset();
    expect(await judge(asked, early)).toMatchObject({
      code: 'appraisal_failed',
      missing: ['host-a: failed since this quote'],
    });
    expect(await counted(asked, same)).toEqual([false, false]);
  });
});

describe('an integrity violation', () => {
  beforeEach(async () => {
    const observation = { baseline: 'protected', root: 'protected', observed: FILES };
    await firstIntegrityBaseline(db, OPERATOR, observation, key.signer);
  });

  it('is met only with a check of its files, which another class does not ask for', async () => {
    const asked = await report('unauthorized_access', on('host-a'));
    const violation = await report('integrity_violation', on('host-a'));
    expect((await open(asked)).baselines).toEqual([]);
    expect(await reattest(asked)).toMatchObject({ ok: true });
    expect(await counted(asked, violation)).toEqual([true, false]);
  });

  it.each([
    ['passed', FILES, [true, true, true]],
    ['differed', [{ ...FILES[0]!, size: 2 }], [false, false, true]],
    ['was no list', [{}], [false, false, true]],
  ])('counts with another when the check of the files %s', async (_how, observed, expected) => {
    const asked = await report('integrity_violation', on('host-a'));
    const violation = await report('integrity_violation', on('host-a'));
    const quoted = await report('attestation_failure', on('host-a'));
    const { challenges, baselines } = await open(asked);
    expect(baselines).toEqual(['protected']);
    await judge(asked, await quote(challenges), observed);
    expect(await counted(asked, violation, quoted)).toEqual(expected);
  });
});

it('serves the oldest of a flood, none with long evidence, and answers within the time of an activity', async () => {
  const asked = await report('unauthorized_access', on('host-a'));
  await report('attestation_failure', { evidence: { node: 'host-a', dump: 'x'.repeat(10_000) } });
  const flood = Array.from({ length: 230 }, (_, i) =>
    requestOf('attestation_failure', { source: `flood-${i}`, evidence: { node: 'host-a', dump: 'x'.repeat(7_000) } }),
  );
  await recordReports(db, flood);
  const { challenges } = await open(asked);
  const answers = await quote(challenges);
  const since = performance.now();
  expect(await judge(asked, answers)).toMatchObject({ ok: true });
  console.log(`200 shared re-attestations in ${Math.round(performance.now() - since)} ms`);
  const found = await rows<{ source: string; counts: boolean }>(
    db,
    `SELECT source, reattest_binding IS NOT DISTINCT FROM binding AS counts FROM incidents WHERE class = 'attestation_failure'
      ORDER BY created_at, id`,
  );
  expect(found.filter((i) => i.counts)).toHaveLength(200);
  expect(found.find((i) => !i.source.startsWith('flood'))?.counts).toBe(false);
  const kept = found.filter((i) => i.source.startsWith('flood'));
  expect(kept.slice(0, 200).every((i) => i.counts)).toBe(true);
});
