import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EnrolmentActivities, KeyDescription, OpenedEnrolment } from '../../../activities/enrolment/types.ts';
import type { WatchActivities } from '../../../activities/watch/types.ts';
import type { AttestationContext } from '../../../db/attestation/context.ts';
import { currentReference } from '../../../db/attestation/signed-versions.ts';
import { one, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { awaitFreshQuote } from '../../../db/command/await-quote.ts';
import type { EnrolmentAnswer } from '../../../db/command/complete-enrolment.ts';
import { completeEnrolment } from '../../../db/command/complete-enrolment.ts';
import type { Environment } from '../../../domain/attestation/appraise.ts';
import { attestationRecord } from '../../../db/read/attestation-state.ts';
import { ENROLMENT_PCRS } from '../../../domain/attestation/enrolment.ts';
import { attestationState } from '../../../domain/attestation/state.ts';
import { enrolmentPort, ITSELF } from '../../../workers/enrolment-port.ts';
import { enrolmentVerifier } from '../../../workers/enrolment-verifier.ts';
import { watchPort } from '../../../workers/watch-port.ts';
import { instanceKey } from '../../../workers/keys/instance-key.ts';
import { challengeOf, rootsFile, startHost } from '../../support/enrolment.ts';
import type { TestHost } from '../../support/enrolment.ts';
import { openRecord } from '../../support/record.ts';

const NODE = 'host-a';
let a: TestHost;
let b: TestHost;
let keysA: KeyDescription;
let keysB: KeyDescription;
let db: Database;
let closeRecord: () => Promise<void>;
const removals: (() => void)[] = [];

const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-test-'));
const key = instanceKey(stateRoot);
removals.push(() => rmSync(stateRoot, { recursive: true }));
const context = (environment: Environment = 'embedded'): AttestationContext => ({
  environment,
  keys: [key.verification],
});

beforeAll(async () => {
  [a, b] = await Promise.all([startHost(NODE), startHost(NODE)]);
  [keysA, keysB] = await Promise.all([a.host.describeKeys(), b.host.describeKeys()]);
});
afterAll(async () => {
  await Promise.all([a.close(), b.close()]);
  for (const remove of removals) remove();
});
beforeEach(async () => {
  const record = await openRecord();
  ({ db, close: closeRecord } = record);
  return () => closeRecord();
});

interface Setting {
  environment?: Environment;
  roots?: { name: string; trust: 'hardware' | 'simulated'; pem: string }[];
}

function activities({ environment = 'embedded', roots }: Setting = {}): EnrolmentActivities & WatchActivities {
  const file = rootsFile(roots ?? [{ name: 'ca-a', trust: 'simulated', pem: a.pem }]);
  removals.push(file.remove);
  const verifier = enrolmentVerifier(environment, file.path);
  const common = { db, context: () => context(environment), signer: key.signer };
  return {
    ...enrolmentPort({ ...common, verifier }),
    ...watchPort({ ...common, watchIntervalMs: 30_000, signals: 'unsigned' }),
  };
}

const open = (keys: KeyDescription, setting?: Setting): Promise<OpenedEnrolment> =>
  activities(setting).openEnrolment({ node: NODE, ...keys });

/** Opens and lets the host answer as it would. */
async function answered(host: TestHost, keys: KeyDescription, setting?: Setting): Promise<EnrolmentAnswer> {
  const { challenge, credential, ek_trust } = challengeOf(await open(keys, setting));
  const { challenge_id } = challenge;
  const { proof } = await host.host.proveCredential({ ...credential, challenge_id });
  const evidence = await host.host.collectEvidence(challenge);
  return { challenge_id, enrolment: { node: NODE, ek_trust, ...keys }, proof, evidence };
}

const complete = (answer: EnrolmentAnswer, environment?: Environment) =>
  completeEnrolment(db, ITSELF, answer, context(environment), key.signer);

const nodes = () =>
  rows<{ node: string; ek_trust: string; last_passed: boolean }>(db, 'SELECT * FROM attestation_nodes');

/** The codes of refusals on the ledger. */
async function refusals(): Promise<string[]> {
  const found = await rows<{ detail: string }>(
    db,
    "SELECT detail FROM ledger_entries WHERE action = 'enrolment_refused' AND object = $1 ORDER BY entry_id",
    [`node/${NODE}`],
  );
  return found.map((row) => (JSON.parse(row.detail) as { code: string }).code);
}

describe('an enrolment', () => {
  it('records the node, what its AK quoted as signed reference values, and the appraisal', async () => {
    const answer = await answered(a, keysA);
    expect(await complete(answer)).toEqual({ ok: true, node: NODE });
    expect(await nodes()).toMatchObject([{ node: NODE, ek_trust: 'simulated', last_passed: true, ...keysA }]);
    const reference = await currentReference(db, NODE, [key.verification]);
    expect(Object.keys(reference?.pcrs ?? {}).map(Number)).toEqual(ENROLMENT_PCRS);
    expect(reference?.firmware_versions).toHaveLength(1);
    const actions = await rows<{ action: string }>(db, 'SELECT action FROM ledger_entries ORDER BY entry_id');
    expect(actions.map((row) => row.action)).toEqual(
      expect.arrayContaining(['challenge_opened', 'node_enrolled', 'reference_approved', 'attestation_appraised']),
    );
  });

  it('is known again when asked for twice', async () => {
    await complete(await answered(a, keysA));
    expect(await open(keysA)).toEqual({ ok: true, challenge: null });
  });

  it('counts a certificate under a hardware root as hardware, in production too', async () => {
    const setting = { environment: 'production', roots: [{ name: 'vendor', trust: 'hardware', pem: a.pem }] } as const;
    const answer = await answered(a, keysA, { ...setting, roots: [...setting.roots] });
    expect(await complete(answer, 'production')).toEqual({ ok: true, node: NODE });
    expect(await nodes()).toMatchObject([{ ek_trust: 'hardware' }]);
  });

  it('keeps no proof in its challenge', async () => {
    const answer = await answered(a, keysA);
    const row = await one<{ challenge: string }>(db, 'SELECT c::text AS challenge FROM challenges c');
    expect(row?.challenge).not.toContain(answer.proof);
  });
});

describe('an enrolled node', () => {
  it('is unknown from a start on until a fresh quote passes', async () => {
    const state = async () => attestationState(await attestationRecord(db));
    const port = activities();
    expect(await state()).toBe('unknown');
    await complete(await answered(a, keysA));
    expect(await state()).toBe('trusted');
    await awaitFreshQuote(db, ITSELF, NODE);
    await awaitFreshQuote(db, ITSELF, NODE);
    expect(await state()).toBe('unknown');
    expect(await rows(db, "SELECT 1 FROM ledger_entries WHERE action = 'quote_awaited'")).toHaveLength(1);
    const challenge = (await port.openWatchChallenge(NODE))!;
    const evidence = await a.host.collectEvidence(challenge);
    const answer = { challenge_id: challenge.challenge_id, evidence };
    expect(await port.recordQuote(answer)).toEqual({ passed: true, again_after_ms: 30_000 });
    expect(await state()).toBe('trusted');
  });

  it('that a start has nothing to await of stays absent', async () => {
    await awaitFreshQuote(db, ITSELF, 'nobody');
    expect(await nodes()).toEqual([]);
  });
});

describe('an EK', () => {
  it('of an unknown CA is refused', async () => {
    expect(await open(keysA, { roots: [{ name: 'ca-b', trust: 'simulated', pem: b.pem }] })).toEqual({
      ok: false,
      code: 'ek_untrusted',
    });
    expect(await refusals()).toEqual(['ek_untrusted']);
  });

  it('without its intermediate is refused', async () => {
    const anchor = a.pem.slice(0, a.pem.indexOf('-----BEGIN', 10));
    const verdict = await open(keysA, { roots: [{ name: 'ca-a', trust: 'simulated', pem: anchor }] });
    expect(verdict).toEqual({ ok: false, code: 'ek_untrusted' });
  });

  it('without a certificate is refused', async () => {
    expect(await open({ ...keysA, ek_certificate: null })).toEqual({ ok: false, code: 'ek_untrusted' });
  });

  it("with another TPM's certificate is refused", async () => {
    const roots = [{ name: 'ca-b', trust: 'simulated' as const, pem: b.pem }];
    const verdict = await open({ ...keysA, ek_certificate: keysB.ek_certificate }, { roots });
    expect(verdict).toEqual({ ok: false, code: 'ek_mismatch' });
  });

  it('under a simulated root is refused in production', async () => {
    expect(await open(keysA, { environment: 'production' })).toEqual({ ok: false, code: 'ek_untrusted' });
    expect(await nodes()).toEqual([]);
  });

  it('that is no EK is refused', async () => {
    expect(await open({ ...keysA, ek_public: keysA.ak_public })).toEqual({ ok: false, code: 'keys_invalid' });
    expect(await open({ ...keysA, ek_public: 'zz' })).toEqual({ ok: false, code: 'keys_invalid' });
  });
});

describe('an AK', () => {
  it('of another TPM is refused: neither TPM opens the credential', async () => {
    const mixed = { ...keysA, ak_public: keysB.ak_public, ak_name: keysB.ak_name };
    const { challenge, credential, ek_trust } = challengeOf(await open(mixed));
    const asked = { ...credential, challenge_id: challenge.challenge_id };
    await expect(a.host.proveCredential(asked)).rejects.toMatchObject({ name: 'TpmError' });
    await expect(b.host.proveCredential(asked)).rejects.toMatchObject({ name: 'TpmError' });
    const evidence = await b.host.collectEvidence(challenge);
    const enrolment = { node: NODE, ek_trust, ...mixed };
    const { challenge_id } = challenge;
    for (const proof of [null, '0'.repeat(64)]) {
      const answer = { challenge_id, enrolment, proof, evidence };
      expect(await complete(answer)).toMatchObject({ ok: false });
    }
    expect(await refusals()).toEqual(['credential_failed', 'challenge_used']);
    expect(await nodes()).toEqual([]);
  });

  it('under a name that is not its own is refused', async () => {
    expect(await open({ ...keysA, ak_name: keysB.ak_name })).toEqual({ ok: false, code: 'keys_invalid' });
  });

  it('that is another one under an enrolled name is refused', async () => {
    await complete(await answered(a, keysA));
    const roots = [{ name: 'ca-b', trust: 'simulated' as const, pem: b.pem }];
    expect(await open(keysB, { roots })).toEqual({ ok: false, code: 'node_exists' });
    expect(await refusals()).toEqual(['node_exists']);
    expect(await nodes()).toMatchObject([{ ak_name: keysA.ak_name }]);
  });
});

describe('an answer', () => {
  it('is taken once', async () => {
    const answer = await answered(a, keysA);
    expect(await complete(answer)).toMatchObject({ ok: true });
    expect(await complete(answer)).toEqual({ ok: false, code: 'challenge_used' });
    expect(await refusals()).toEqual(['challenge_used']);
  });

  it('whose first reply was lost is answered from the record', async () => {
    const answer = await answered(a, keysA);
    const retried = activities();
    expect(await retried.completeEnrolment(answer)).toEqual({ ok: true, node: NODE });
    expect(await retried.completeEnrolment(answer)).toEqual({ ok: true, node: NODE });
    expect(await nodes()).toHaveLength(1);
  });

  it('to another challenge is refused', async () => {
    const first = await answered(a, keysA);
    const second = await answered(a, keysA);
    expect(await complete({ ...second, proof: first.proof })).toEqual({ ok: false, code: 'credential_failed' });
    expect(await complete({ ...first, challenge_id: 'CHL-none' })).toEqual({ ok: false, code: 'challenge_unknown' });
    expect(await nodes()).toEqual([]);
  });

  it('with keys or a verdict other than those the challenge was written for is refused', async () => {
    for (const change of [
      { ek_trust: 'hardware' as const },
      { ek_public: keysB.ek_public },
      { ek_certificate: null },
    ]) {
      const answer = await answered(a, keysA);
      const enrolment = { ...answer.enrolment, ...change };
      expect(await complete({ ...answer, enrolment })).toEqual({ ok: false, code: 'credential_failed' });
    }
    expect(await nodes()).toEqual([]);
  });

  it.each([
    ['no quote', () => null],
    [
      'a quote over another nonce',
      (host: TestHost, c: { nonce: string }) => quoteOf(host, c, { nonce: 'ab'.repeat(32) }),
    ],
    ['a quote by another TPM', (_: TestHost, c: { nonce: string }) => quoteOf(b, c, {})],
    ['a quote of fewer PCRs', (host: TestHost, c: { nonce: string }) => quoteOf(host, c, { pcrs: [0, 23] })],
  ])('with %s is refused and leaves nothing', async (_what, evidenceOf) => {
    const answer = await answered(a, keysA);
    const row = await one<{ nonce: string }>(db, 'SELECT nonce FROM challenges');
    const evidence = await evidenceOf(a, { nonce: row?.nonce ?? '' });
    expect(await complete({ ...answer, evidence })).toEqual({ ok: false, code: 'quote_failed' });
    expect(await nodes()).toEqual([]);
    expect(await rows(db, 'SELECT 1 FROM reference_values')).toEqual([]);
    expect(await complete(answer)).toEqual({ ok: false, code: 'challenge_used' });
  });

  it('that comes too late is refused', async () => {
    const answer = await answered(a, keysA);
    await db.query(
      `UPDATE challenges SET created_at = created_at - interval '2 min', expires_at = expires_at - interval '2 min'`,
    );
    expect(await complete(answer)).toEqual({ ok: false, code: 'challenge_expired' });
  });
});

const quoteOf = ({ host }: TestHost, { nonce }: { nonce: string }, change: { nonce?: string; pcrs?: number[] }) =>
  host.collectEvidence({ challenge_id: 'CHL', node: NODE, nonce, pcrs: [...ENROLMENT_PCRS], ...change });
