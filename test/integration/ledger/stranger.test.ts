import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { acknowledgeRecovery } from '../../../db/command/acknowledge.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import { one, rows } from '../../../db/client.ts';
import { publishedLog } from '../../../db/read/log.ts';
import { transaction } from '../../../db/transaction.ts';
import { writeEntries } from '../../../db/write/ledger.ts';
import { openCheckpoint } from '../../../domain/ledger/checkpoint.ts';
import type { Checkpoint } from '../../../domain/ledger/checkpoint.ts';
import { parseLeaf, pinsRecord } from '../../../domain/ledger/entry.ts';
import type { LedgerLeaf } from '../../../domain/ledger/entry.ts';
import { parseNoteKey } from '../../../domain/ledger/note.ts';
import { tilePath } from '../../../domain/ledger/tile.ts';
import { CopyVerifier, edgeOf, stepsOf } from '../../../domain/ledger/verify-copy.ts';
import type { Finding } from '../../../domain/ledger/verify.ts';
import { sharedSha256 } from '../../../cli/sha256.ts';
import { runSequencer } from '../../../workers/sequencer/sequencer.ts';
import { eventually } from '../../support/eventually.ts';
import { OPERATOR, decision, reportIncident } from '../../support/record.ts';
import { sumdbVerify } from '../../support/sumdb-verify.ts';
import { json, startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { removeTree } from '../../support/remove-tree.ts';

let api: ApiUnderTest;
let folder: string;
const stop = new AbortController();
let running: Promise<void>;
beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'interlock-stranger-'));
  const log = pino({ level: 'silent' });
  running = runSequencer({ db: api.db, databaseUrl: api.databaseUrl, stateRoot: folder, log }, stop.signal);
  await happen();
});
afterAll(async () => {
  stop.abort();
  await running;
  await api.close();
  removeTree(folder);
});

/** Reports and decisions as they come, and entries enough for three bundles. */
async function happen(): Promise<void> {
  for (const cls of ['attestation_failure', 'manifest_mismatch', 'tool_call_burst'] as const) {
    const incident = await reportIncident(api.db, cls);
    await decideIncident(api.db, decision(incident.id), { kind: 'resolve', operator: 'a' });
    await acknowledgeRecovery(api.db, decision(incident.id), { operator: 'ü@example.com', note: 'seen' });
    await decideIncident(api.db, decision(incident.id), { kind: 'triage', operator: 'b' });
  }
  const entry = (n: number) => ({
    at: '2026-11-21T12:00:00.000Z',
    ...OPERATOR,
    action: 'tested',
    object: `test/${n}`,
    record_hash: null,
    record_version: null,
    detail: { n },
    policy_digest: null,
  });
  await transaction(api.db, (tx) =>
    writeEntries(
      tx,
      Array.from({ length: 600 }, (_, n) => entry(n)),
    ),
  );
  await eventually(async () => {
    const written = await one<{ n: number }>(api.db, 'SELECT count(*) AS n FROM ledger_entries');
    return (await publishedLog(api.db))?.size === written?.n;
  });
}

const textOf = async (path: string): Promise<string> => (await api.get(path)).text();
const tile = async (path: string): Promise<Uint8Array> => {
  const response = await api.get(`/ledger/tile/${path}`);
  expect([path, response.status]).toStrictEqual([path, 200]);
  return response.bytes();
};

async function checkpoint(): Promise<Checkpoint> {
  const key = parseNoteKey(await textOf('/ledger/key'), sharedSha256);
  return openCheckpoint(await textOf('/ledger/checkpoint'), [key], key.name);
}

it('golang.org/x/mod/sumdb verifies the log that the API serves, and the proofs that it gives', async () => {
  const { size } = await checkpoint();
  const proofOf = async (path: string) => (await json<{ proof: string[] }>(api.get(path))).proof;
  const given = {
    inclusion: await Promise.all(
      [0, 1, 255, 256, 511, size - 1].map(async (index) => ({
        index,
        proof: await proofOf(`/v1/ledger/proof?index=${index}`),
      })),
    ),
    consistency: await Promise.all(
      [1, 2, 255, 256, 257, size - 1, size].map(async (from) => ({
        from,
        proof: await proofOf(`/v1/ledger/consistency?from=${from}`),
      })),
    ),
  };
  const proofs = join(folder, 'proofs.json');
  writeFileSync(proofs, JSON.stringify(given));
  const { code, output } = await sumdbVerify(`${api.url}/ledger`, await textOf('/ledger/key'), proofs);
  expect(output).toMatch(new RegExp(`^verified: ${size} entries, root \\S+, 13 given proofs\n$`));
  expect(code).toBe(0);
});

it('our own verification finds nothing, and every leaf is one; the last about an incident pins it', async () => {
  const findings: Finding[] = [];
  const last = new Map<string, LedgerLeaf>();
  const head = await checkpoint();
  let leaves = 0;
  const verifier = new CopyVerifier(head, {
    sha256: sharedSha256,
    report: (finding) => findings.push(finding),
    onLeaf: (_, bytes) => {
      const leaf = parseLeaf(bytes);
      if (leaf.record_hash !== null) last.set(leaf.object, leaf);
      leaves += 1;
    },
  });
  verifier.edge(await Promise.all(edgeOf(head.size).map((name) => tile(tilePath(name)))));
  for (const step of stepsOf(head.size)) {
    const tiles = await Promise.all(step.tiles.map((name) => tile(tilePath(name))));
    verifier.step(step, tiles, await tile(tilePath(step.entries)));
  }
  verifier.finish();
  expect(findings).toStrictEqual([]);
  expect(leaves).toBe(head.size);

  const incidents = await rows<{ id: string }>(api.db, 'SELECT id FROM incidents');
  expect(incidents).toHaveLength(3);
  for (const { id } of incidents) {
    const record = await json(api.get(`/api/v1/incidents/get?id=${id}`));
    const leaf = last.get(`incident/${id}`)!;
    expect(pinsRecord(leaf, record, sharedSha256)).toBe(true);
    expect(pinsRecord(leaf, { ...record, severity: 'low' }, sharedSha256)).toBe(false);
  }
});
