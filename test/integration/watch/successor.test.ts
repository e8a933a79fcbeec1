import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EnrolmentActivities, KeyDescription } from '../../../activities/enrolment/types.ts';
import type { WatchActivities } from '../../../activities/watch/types.ts';
import type { AttestationContext } from '../../../db/attestation/context.ts';
import { currentReference } from '../../../db/attestation/signed-versions.ts';
import { one, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { grantReplacement } from '../../../db/command/replace-node.ts';
import { retireNode } from '../../../db/command/retire-node.ts';
import { readAttestationDiff } from '../../../db/read/attestation-diff.ts';
import { attestationRecord } from '../../../db/read/attestation-state.ts';
import { attestationState } from '../../../domain/attestation/state.ts';
import { enrolmentPort } from '../../../workers/enrolment-port.ts';
import { enrolmentVerifier } from '../../../workers/enrolment-verifier.ts';
import { instanceKey } from '../../../workers/keys/instance-key.ts';
import { watchPort } from '../../../workers/watch-port.ts';
import { challengeOf, rootsFile, startHost } from '../../support/enrolment.ts';
import type { TestHost } from '../../support/enrolment.ts';
import { openRecord } from '../../support/record.ts';

const run = promisify(execFile);
const NODE = 'host-a';
const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-test-'));
const key = instanceKey(stateRoot);
const context = (): AttestationContext => ({ environment: 'embedded', keys: [key.verification] });
let a: TestHost;
let b: TestHost;
let db: Database;
let port: EnrolmentActivities & WatchActivities;
let removeRoots: () => void;

beforeAll(async () => {
  [a, b] = await Promise.all([startHost(NODE), startHost(NODE)]);
});
afterAll(async () => {
  await Promise.all([a?.close(), b?.close()]);
  rmSync(stateRoot, { recursive: true });
});
beforeEach(async () => {
  const record = await openRecord();
  ({ db } = record);
  const roots = rootsFile([a, b].map(({ pem }, i) => ({ name: `ca-${i}`, trust: 'simulated', pem })));
  removeRoots = roots.remove;
  const common = { db, context, signer: key.signer };
  const verifier = enrolmentVerifier('embedded', roots.path);
  port = {
    ...enrolmentPort({ ...common, verifier }),
    ...watchPort({ ...common, watchIntervalMs: 1_000, signals: 'signed' }),
  };
  await enrol(a);
  return async () => {
    removeRoots();
    await record.close();
  };
});

/** As `nodeEnrolment` does it. */
async function enrol({ host }: TestHost, over: { node?: string; replace?: true } = {}) {
  const { node = NODE, ...replacing } = over;
  const keys: KeyDescription = await host.describeKeys();
  const opened = await port.openEnrolment({ node, ...replacing, ...keys });
  if (!opened.ok || opened.challenge === null) return opened;
  const { challenge, credential, ek_trust } = challengeOf(opened);
  const { challenge_id } = challenge;
  const { proof } = await host.proveCredential({ ...credential, challenge_id });
  const evidence = { ...(await host.collectEvidence(challenge)), node };
  return port.completeEnrolment({
    challenge_id,
    enrolment: { node, ek_trust, ...keys },
    proof,
    evidence,
    ...replacing,
  });
}

const person = (actor: string) => ({ workspace_id: 'default', actor, on_behalf_of: null });
let n = 0;
const word = (object: string, over: { single_operator?: boolean; confirm?: string } = {}) => ({
  object,
  reason: 'the board was replaced',
  single_operator: false,
  key: { decision_id: `word-${(n += 1)}`, request_digest: 'd' },
  ...over,
});
const quote = async ({ host }: TestHost) => {
  const challenge = (await port.openWatchChallenge(NODE))!;
  return port.recordQuote({ challenge_id: challenge.challenge_id, evidence: await host.collectEvidence(challenge) });
};
const details = async (action: string) =>
  (
    await rows<{ detail: string }>(db, 'SELECT detail FROM ledger_entries WHERE action = $1 ORDER BY entry_id', [
      action,
    ])
  ).map((row) => JSON.parse(row.detail) as Record<string, unknown>);

describe('an attester that nobody enrolled', () => {
  it('S1-92 is asked nothing under its own name, and what it says to the question of another is a failure', async () => {
    // It has keys of its own; nobody has bound them to a name.
    await b.host.describeKeys();
    expect(await port.openWatchChallenge('host-b')).toBeNull();
    const challenge = (await port.openWatchChallenge(NODE))!;
    const evidence = { ...(await b.host.collectEvidence(challenge)), node: 'host-b' };
    const { challenge_id } = challenge;
    expect(await port.recordQuote({ challenge_id, evidence })).toMatchObject({ passed: false });
    const forged = { challenge_id: '00000000-0000-4000-8000-000000000000', evidence };
    await expect(port.recordQuote(forged)).rejects.toThrow();
    expect(await rows(db, 'SELECT node, passed FROM attestation_results ORDER BY at DESC LIMIT 1')).toEqual([
      { node: NODE, passed: false },
    ]);
    expect((await attestationRecord(db)).nodes.map(({ node }) => node)).toEqual([NODE]);
  });
});

describe('another TPM under the name of a node', () => {
  it('is refused, and its quotes are a failure', async () => {
    expect(await enrol(b, { replace: true })).toEqual({ ok: false, code: 'node_exists' });
    expect(await quote(b)).toMatchObject({ passed: false });
  });

  it('S1-92 takes its place by the word of two people, once, and is trusted from its own first quote on', async () => {
    expect(await grantReplacement(db, person('olga'), word(NODE))).toMatchObject({ code: 'second_person_required' });
    expect(await grantReplacement(db, person('olga'), word(NODE))).toMatchObject({ code: 'second_person_required' });
    expect(await enrol(b, { replace: true })).toEqual({ ok: false, code: 'node_exists' });
    expect(await grantReplacement(db, person('nina'), word(NODE))).toEqual({
      ok: true,
      replaced_by: ['olga', 'nina'],
      single_operator: false,
    });
    expect(await enrol(a, { replace: true })).toEqual({ ok: false, code: 'node_unchanged' });
    const before = await a.host.describeKeys();
    const after = await b.host.describeKeys();
    expect(await enrol(b, { replace: true })).toEqual({ ok: true, node: NODE });
    expect(await details('node_replaced')).toMatchObject([
      {
        ak_name: after.ak_name,
        replaced: { ak_name: before.ak_name, ak_public: before.ak_public },
        by: ['olga', 'nina'],
      },
    ]);
    const reference = await currentReference(db, NODE, [key.verification]);
    expect(reference).toMatchObject({ version: 2, approved: { by: 'olga, nina', reason: 'the board was replaced' } });
    expect(await quote(b)).toMatchObject({ passed: true });
    expect(attestationState(await attestationRecord(db))).toBe('trusted');
    expect(await quote(a)).toMatchObject({ passed: false });
    expect(await enrol(a, { replace: true })).toEqual({ ok: false, code: 'node_exists' });
    expect(await enrol(b, { replace: true })).toEqual({ ok: true, challenge: null });
  });

  it('needs a grant whose time is not over', async () => {
    await grantReplacement(db, person('me'), word(NODE, { single_operator: true, confirm: NODE }));
    await db.query("UPDATE two_person_requests SET expires_at = now() - interval '1 second'");
    expect(await enrol(b, { replace: true })).toEqual({ ok: false, code: 'node_exists' });
  });

  it('takes a typed confirmation from a single operator', async () => {
    const alone = { single_operator: true };
    expect(await grantReplacement(db, person('me'), word(NODE, alone))).toMatchObject({
      code: 'confirmation_required',
    });
    expect(await grantReplacement(db, person('me'), word('nobody', { ...alone, confirm: 'nobody' }))).toMatchObject({
      code: 'node_not_found',
    });
    expect(await grantReplacement(db, person('me'), word(NODE, { ...alone, confirm: NODE }))).toEqual({
      ok: true,
      replaced_by: ['me'],
      single_operator: true,
    });
  });
});

describe('a destroyed node', () => {
  it('is never retired when it is the last', async () => {
    const alone = word(NODE, { single_operator: true, confirm: NODE });
    expect(await retireNode(db, person('me'), alone)).toEqual({ ok: false, code: 'last_node' });
    expect(await details('decision_refused')).toEqual([{ decision: 'retire', code: 'last_node' }]);
  });

  it('S1-92 takes part in nothing any more, and nobody watches it', async () => {
    await enrol(b, { node: 'host-b' });
    expect(await retireNode(db, person('olga'), word(NODE))).toMatchObject({ code: 'second_person_required' });
    const second = word(NODE);
    const retired = { ok: true, retired_by: ['olga', 'nina'], single_operator: false };
    expect(await retireNode(db, person('nina'), second)).toEqual(retired);
    expect(await retireNode(db, person('nina'), second)).toEqual(retired);
    expect(await retireNode(db, person('nina'), word(NODE))).toEqual({ ok: false, code: 'node_not_found' });
    expect(await port.openWatchChallenge(NODE)).toBeNull();
    const watch = await one<{ over_at: string | null }>(
      db,
      `SELECT over_at FROM process WHERE workflow_id = 'attestation/host-a'`,
    );
    expect(watch?.over_at).not.toBeNull();
    expect((await attestationRecord(db)).nodes.map((node) => node.node)).toEqual(['host-b']);
  });

  it('had a challenge open: what answers it counts for nothing', async () => {
    await enrol(b, { node: 'host-b' });
    const challenge = (await port.openWatchChallenge(NODE))!;
    const evidence = await a.host.collectEvidence(challenge);
    await retireNode(db, person('me'), word(NODE, { single_operator: true, confirm: NODE }));
    const { challenge_id } = challenge;
    expect(await port.recordQuote({ challenge_id, evidence })).toEqual({ passed: false, again_after_ms: 1_000 });
    expect(await rows(db, 'SELECT 1 FROM incidents')).toEqual([]);
  });
});

describe('two quotes of a node', () => {
  it('may be recorded in another order than they were taken in, and the later one stands', async () => {
    const [first, second] = [(await port.openWatchChallenge(NODE))!, (await port.openWatchChallenge(NODE))!];
    const early = await a.host.collectEvidence(first);
    const digest = 'ab'.repeat(32);
    await run('tpm2_pcrextend', [`23:sha256=${digest}`], { env: { ...process.env, TPM2TOOLS_TCTI: a.swtpm.tcti } });
    const late = await a.host.collectEvidence(second);
    expect(await port.recordQuote({ challenge_id: second.challenge_id, evidence: late })).toMatchObject({
      passed: false,
    });
    expect(await port.recordQuote({ challenge_id: first.challenge_id, evidence: early })).toMatchObject({
      passed: true,
    });
    const [node] = (await attestationRecord(db)).nodes;
    expect(node?.last_passed).toBe(false);
  });
});

describe('an approval of a PCR', () => {
  const ask = {
    node: NODE,
    pcr: 23,
    reason: 'r',
    ticket: 'CHG-1',
    reviewed: null,
    caller: person('olga'),
    request_digest: 'd',
  };

  it('is answered again by its id, and refused to another request under it', async () => {
    expect(await port.approveReference({ ...ask, decision_id: '1' })).toEqual({ ok: true, version: 2 });
    expect(await port.approveReference({ ...ask, decision_id: '1' })).toEqual({ ok: true, version: 2 });
    const other = { ...ask, decision_id: '1', request_digest: 'e' };
    expect(await port.approveReference(other)).toEqual({ ok: false, code: 'idempotency_key_reused' });
  });

  it.each([
    ['without a ticket or an incident', { ticket: null }, 'approval_unjustified'],
    ['of a PCR nobody references', { pcr: 9 }, 'pcr_not_referenced'],
    ['of a node nobody enrolled', { node: 'nobody' }, 'node_not_found'],
    ['by nobody', { caller: null }, 'signature_required'],
  ])('%s is refused, and on the record', async (_what, over, code) => {
    expect(await port.approveReference({ ...ask, ...over, decision_id: '1' })).toEqual({ ok: false, code });
    expect(await details('decision_refused')).toEqual([{ decision: 'approve_reference', code }]);
  });

  it('S4-27 is of what was reviewed, or refused with nothing but that on the record', async () => {
    const shown = async () => (await readAttestationDiff(db, NODE, context()))?.observed_digest ?? '';
    await quote(a);
    const reviewed = await shown();
    expect(reviewed).toMatch(/^[0-9a-f]{64}$/);
    await run('tpm2_pcrextend', [`23:sha256=${'cd'.repeat(32)}`], {
      env: { ...process.env, TPM2TOOLS_TCTI: a.swtpm.tcti },
    });
    await quote(a);
    expect(await port.approveReference({ ...ask, reviewed, decision_id: '1' })).toEqual({
      ok: false,
      code: 'observation_changed',
    });
    expect(await details('decision_refused')).toEqual([{ decision: 'approve_reference', code: 'observation_changed' }]);
    expect(await rows(db, 'SELECT 1 FROM reference_values')).toHaveLength(1);
    const now = await shown();
    expect(now).not.toBe(reviewed);
    await quote(a);
    expect(await port.approveReference({ ...ask, reviewed: now, decision_id: '2' })).toEqual({ ok: true, version: 2 });
    expect(await details('reference_approved')).toContainEqual({
      ticket: 'CHG-1',
      incident_id: expect.any(String) as string,
      observed_digest: now,
      reviewed: true,
    });
    expect(await shown()).toBe(now);
  });

  it('of evidence of a shape that nobody expects is refused, and shown as nothing', async () => {
    for (const evidence of [{ pcrs: 'none' }, 'x'.repeat(20_000)]) {
      const { challenge_id } = (await port.openWatchChallenge(NODE))!;
      await port.recordQuote({ challenge_id, evidence });
      expect(await readAttestationDiff(db, NODE, context())).toMatchObject({ observed_digest: null, passed: false });
      const decision_id = challenge_id;
      expect(await port.approveReference({ ...ask, decision_id })).toEqual({ ok: false, code: 'no_evidence' });
    }
  });

  it('of evidence that is not authentic is refused: a forged quote must not become the reference', async () => {
    expect(await quote(b)).toMatchObject({ passed: false });
    expect(await port.approveReference({ ...ask, decision_id: '1' })).toEqual({ ok: false, code: 'no_evidence' });
  });
});

describe('in production', () => {
  it('a silence of five minutes is itself an attestation_failure, and folds while it lasts', async () => {
    const production = watchPort({
      db,
      context: () => ({ ...context(), environment: 'production' }),
      signer: key.signer,
      watchIntervalMs: 30_000,
      signals: 'signed',
    });
    const silent = { node: NODE, reason: 'attester_unreachable' };
    expect(await production.recordMissedQuote(silent)).toEqual({ again_after_ms: 30_000 });
    expect(await rows(db, 'SELECT 1 FROM incidents')).toEqual([]);
    await db.query("UPDATE attestation_nodes SET last_pass_at = last_pass_at - interval '6 minutes'");
    await production.recordMissedQuote(silent);
    await production.recordMissedQuote(silent);
    const found = await rows<{ evidence: string }>(
      db,
      'SELECT workspace_id, class, state, occurrences, evidence FROM incidents',
    );
    expect(found).toMatchObject([
      { workspace_id: 'system', class: 'attestation_failure', state: 'contained', occurrences: 2 },
    ]);
    expect(found[0]?.evidence).toContain('evidence_missing');
  });
});
