// Quote and appraisal on swtpm, 9 PCRs, p50 and p95 in ms, against tpm2_quote run as a process in the same rounds.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createAttesterActivities } from '../activities/create-attester-activities.ts';
import { verifyP256Native } from '../db/attestation/context.ts';
import { sha256 } from '../db/write/change.ts';
import { appraise, failedClaims } from '../domain/attestation/appraise.ts';
import type { AppraisalPolicy } from '../domain/attestation/appraise.ts';
import { ENROLMENT_PCRS, shownBy } from '../domain/attestation/enrolment.ts';
import { firstReference } from '../domain/attestation/reference-values.ts';
import { defaultAkHandle } from '../native/tpm/index.ts';
import { startSwtpm } from '../test/support/swtpm.ts';
import { enrolmentTpm } from '../workers/attester/enrolment-tpm.ts';
import { TpmSession } from '../workers/attester/tpm-session.ts';
import { quantile, summary } from './statistics.ts';
import { removeTree } from '../test/support/remove-tree.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const QUOTES = Number(process.env['BENCH_QUOTES'] ?? 1000);
const PROCESSES = Number(process.env['BENCH_PROCESSES'] ?? 40);
const NODE = 'local';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const run = promisify(execFile);
const swtpm = await startSwtpm();
const session = new TpmSession(swtpm.tcti);
const folder = mkdtempSync(join(tmpdir(), 'interlock-bench-'));

const attester = createAttesterActivities({
  node: NODE,
  quote: (nonce, indices) =>
    session.use((tpm) => tpm.quote({ qualifyingData: nonce, pcrs: { bank: 'sha256', indices } })),
  observe: () => Promise.resolve([]),
});
const challenge = () => ({
  challenge_id: 'CHL-bench',
  node: NODE,
  nonce: randomBytes(32).toString('hex'),
  pcrs: [...ENROLMENT_PCRS],
});

/** What a control worker reads from the record for each appraisal. */
async function enrolled(): Promise<Omit<AppraisalPolicy, 'nonce'>> {
  const { ak } = await enrolmentTpm(session).keys();
  const shown = shownBy(await attester.collectEvidence(challenge()));
  if (shown === null) throw new Error('the first quote cannot be read');
  const approval = { by: 'bench', reason: 'bench', ticket: null, now: new Date().toISOString() };
  return {
    node: {
      node: NODE,
      state: 'enrolled',
      ak_public: hex(ak.public),
      ak_name: hex(ak.name),
      ek_trust: 'simulated',
      counters: null,
    },
    reference: firstReference({ node: NODE, ...shown }, approval),
    environment: 'embedded',
    sha256,
    verify_p256: verifyP256Native,
  };
}

interface Times {
  quote: number[];
  appraisal: number[];
  both: number[];
}

async function appraised(policy: Omit<AppraisalPolicy, 'nonce'>, n: number): Promise<Times> {
  const times: Times = { quote: [], appraisal: [], both: [] };
  for (let i = 0; i < n; i++) {
    const asked = challenge();
    const from = performance.now();
    const evidence = await attester.collectEvidence(asked);
    const quoted = performance.now();
    const result = appraise(evidence, { ...policy, nonce: asked.nonce });
    const to = performance.now();
    if (!result.passed) throw new Error(`a quote failed: ${JSON.stringify(failedClaims(result))}`);
    times.quote.push(quoted - from);
    times.appraisal.push(to - quoted);
    times.both.push(to - from);
  }
  return times;
}

async function byProcess(n: number): Promise<number[]> {
  const output = ['-m', 'quote', '-s', 'signature', '-o', 'pcrs'].map((a, i) => (i % 2 === 0 ? a : join(folder, a)));
  const times: number[] = [];
  for (let i = 0; i < n; i++) {
    const nonce = randomBytes(32).toString('hex');
    const key = ['-c', `0x${defaultAkHandle.toString(16)}`, '-l', `sha256:${ENROLMENT_PCRS.join()}`, '-q', nonce];
    const from = performance.now();
    await run('tpm2_quote', [...key, ...output], { env: { ...process.env, TPM2TOOLS_TCTI: swtpm.tcti } });
    times.push(performance.now() - from);
  }
  return times;
}

const p50: Record<string, number[]> = { 'quote + appraisal': [], quote: [], appraisal: [], tpm2_quote: [] };
const p95: Record<string, number[]> = { 'quote + appraisal': [], quote: [], appraisal: [], tpm2_quote: [] };
try {
  const policy = await enrolled();
  await appraised(policy, 200);
  await byProcess(2);
  for (let round = 0; round < ROUNDS; round++) {
    const { quote, appraisal, both } = await appraised(policy, QUOTES);
    const samples = { 'quote + appraisal': both, quote, appraisal, tpm2_quote: await byProcess(PROCESSES) };
    for (const [name, sample] of Object.entries(samples)) {
      p50[name]?.push(quantile(sample, 0.5));
      p95[name]?.push(quantile(sample, 0.95));
    }
  }
  for (const name of Object.keys(p50))
    console.log(`${name}: p50 ms ${summary(p50[name] ?? [], 3)}; p95 ms ${summary(p95[name] ?? [], 3)}`);
  const tool = p50['tpm2_quote'] ?? [];
  const ratios = (p50['quote + appraisal'] ?? []).map((ms, round) => (tool[round] ?? NaN) / ms);
  console.log(`faster than tpm2_quote alone, by p50: ${summary(ratios, 1)} times`);
} finally {
  await session.close();
  await swtpm.stop();
  removeTree(folder);
}
