import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SealRequest } from '../../../activities/exports/seal.ts';
import { readProvenanceKeys } from '../../../config/provenance-keys.ts';
import type { Database } from '../../../db/client.ts';
import { logKeys } from '../../../db/read/log-keys.ts';
import { leafHash } from '../../../db/write/ledger.ts';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { verificationKeysOf } from '../../../domain/export/provenance-key.ts';
import { keysTextOf } from '../../../domain/export/statement.ts';
import { parseNoteKey } from '../../../domain/ledger/note.ts';
import { bundleDigest } from '../../../domain/registry/manifest.ts';
import { exportSealer } from '../../../workers/exports/sealer.ts';
import { append, allPublished, entryOf, startSequencers } from '../../support/log.ts';
import { openRecord } from '../../support/record.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';
import { APPROVERS, bytesOf, FILES, manifestOf, NO_TRUST, verdictOf } from '../../unit/export/builder.ts';
import { sha256 } from '../../unit/ledger/naive-tree.ts';

let db: Database;
let close: () => Promise<void>;
let stop: () => Promise<void>;
beforeAll(async () => {
  const record = await openRecord();
  ({ db, close } = record);
  ({ stop } = startSequencers({ db, databaseUrl: record.url }));
});
afterAll(async () => {
  await stop?.();
  await close?.();
});

const ID = { name: 'model', version: '1.0' };
const manifest = manifestOf(FILES);
const digest = bundleDigest(ID, manifest, sha256);
const at = '2026-03-02T10:00:00.000Z';
let n = 0;

/** An export as its record says it, and the entries that the record wrote about it. */
function asked(workspace_id = 'default') {
  const export_id = `EXP-20260302-${String((n += 1)).padStart(8, '0')}`;
  const said = (actor: string, action: string, detail: object) =>
    entryOf(n, { workspace_id, at, actor, action, object: `export/${export_id}`, detail: { digest, ...detail } });
  const yes = APPROVERS.map(({ actor, role }) => said(actor, 'export_approval_given', { role }));
  const begin = said('export-approval', 'export_begin', { state: 'exporting' });
  const approvals = APPROVERS.map(({ actor, role }, i) => {
    return { actor, role, at, entry: leafHash(canonicalJson(yes[i])).toString('hex') };
  });
  const request: SealRequest = {
    export_id,
    workspace_id,
    bundle: { ...ID, digest, transition_digest: manifest.transition_digest },
    manifest,
    policy_digest: '3'.repeat(64),
    mode: 'enforce',
    quorum: APPROVERS.map(({ role }) => ({ role, count: 1 })),
    grant: { kind: 'approval', approvals },
    requested: { by: 'rita@example.org', on_behalf_of: null, at, reason: 'release', ticket: null },
  };
  return { request, yes, begin, said };
}

async function verified(statement: string, stateRoot: string) {
  const content = { bundle: ID, manifest, statement, keys: keysTextOf(statement) ?? '' };
  const log = (await logKeys(db))?.keys.map(({ verifier_key }) => parseNoteKey(verifier_key, sha256)) ?? [];
  const provenance = verificationKeysOf(readProvenanceKeys(stateRoot));
  return Promise.all(
    [{ provenance }, { log }].map((trust) => verdictOf(bytesOf(content, FILES), { ...NO_TRUST, ...trust })),
  );
}

describe('the sealing of an export', () => {
  it('names its approvals, each proven in the log that the record signs', async () => {
    const stateRoot = temporaryStateRoot();
    const { request, yes, begin } = asked();
    await append(db, entryOf(0), ...yes, entryOf(1), begin);
    const { statement, digest: of } = await exportSealer({ db, stateRoot })(request);
    expect(of).toBe(Buffer.from(sha256(Buffer.from(statement))).toString('hex'));
    const [byKey, byLog] = await verified(statement, stateRoot);
    expect(byKey).toMatchObject({ problems: [], trusted_by: 'key', proven_entries: 3 });
    expect(byLog).toMatchObject({ problems: [], trusted_by: 'log' });
  });

  it('waits for entries that are not in the signed log yet', async () => {
    const stateRoot = temporaryStateRoot();
    const { request, yes, begin } = asked();
    const sealed = exportSealer({ db, stateRoot })(request);
    await append(db, ...yes);
    await allPublished(db);
    await append(db, begin);
    expect((await verified((await sealed).statement, stateRoot))[0]).toMatchObject({ problems: [] });
  });

  it('does not seal what the log does not say, or says of another workspace', async () => {
    const stateRoot = temporaryStateRoot();
    const { request, yes, begin } = asked();
    await append(db, yes[0]!, begin);
    await allPublished(db);
    await expect(exportSealer({ db, stateRoot, looks: 2 })(request)).rejects.toMatchObject({
      code: 'entries_unsequenced',
    });
    const other = asked('elsewhere');
    await append(db, ...other.yes, other.begin);
    await allPublished(db);
    const here = { ...other.request, workspace_id: 'default' };
    await expect(exportSealer({ db, stateRoot, looks: 2 })(here)).rejects.toMatchObject({
      code: 'entries_unsequenced',
    });
  });

  it('ends its wait when it is told to', async () => {
    const stopping = new AbortController();
    const sealed = exportSealer({ db, stateRoot: temporaryStateRoot() })(asked().request, stopping.signal);
    stopping.abort();
    await expect(sealed).rejects.toThrow();
  });

  it('finds the first and the last of what an export that was held for days has said', async () => {
    const stateRoot = temporaryStateRoot();
    const { request, yes, begin, said } = asked();
    const held = Array.from({ length: 400 }, (_, i) => said('export-approval', 'export_blocked', { i }));
    await append(db, ...yes, ...held, begin);
    const { statement } = await exportSealer({ db, stateRoot })(request);
    const [byKey, byLog] = await verified(statement, stateRoot);
    expect(byKey).toMatchObject({ problems: [], trusted_by: 'key' });
    expect(byLog).toMatchObject({ problems: [], trusted_by: 'log' });
  });
});
