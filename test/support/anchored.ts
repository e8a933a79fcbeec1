import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { AnchorActivities, AnchorHostActivities, AnchorIntended } from '../../activities/anchor/types.ts';
import { createAnchorHostActivities } from '../../activities/anchor/create-anchor-host-activities.ts';
import type { Database } from '../../db/client.ts';
import { openDatabase } from '../../db/client.ts';
import type { IntendedAnchor } from '../../db/command/anchors.ts';
import { ensurePolicy } from '../../db/command/policies.ts';
import { publishCheckpoint, sequenceEntries } from '../../db/command/sequence-entries.ts';
import { transaction } from '../../db/transaction.ts';
import { writeEntries } from '../../db/write/ledger.ts';
import { formatCheckpoint } from '../../domain/ledger/checkpoint.ts';
import { signNote } from '../../domain/ledger/note.ts';
import { FilesystemBlobs } from '../../storage/filesystem-blobs.ts';
import { anchorPort } from '../../workers/anchor-port.ts';
import type { RollbackDeps } from '../../workers/anchor/rollback-check.ts';
import { anchorTpm } from '../../workers/attester/anchor-tpm.ts';
import { TpmSession } from '../../workers/attester/tpm-session.ts';
import { existingKeys } from '../../workers/sequencer/log-key.ts';
import { openLog } from '../../workers/sequencer/sequencer.ts';
import { startHost } from './enrolment.ts';
import type { TestHost } from './enrolment.ts';
import { POLICY } from './incidents.ts';
import { testDatabase } from './postgres.ts';
import { OPERATOR } from './record.ts';
import { removeTree } from './remove-tree.ts';

export const NODE = 'local';
export const silent = pino({ enabled: false });

/** A record with a log, a TPM that is enrolled for it, and a blob store: what an anchor needs, without an engine. */
export interface Anchored {
  db: Database;
  url: string;
  stateRoot: string;
  machine: TestHost;
  session: TpmSession;
  host: AnchorHostActivities;
  blobs: FilesystemBlobs;
  close: () => Promise<void>;
}

export async function startAnchored(): Promise<Anchored> {
  const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-anchored-'));
  const { url, drop } = await testDatabase();
  const db = openDatabase({ url, name: 'test' });
  await ensurePolicy(db, POLICY, 'system');
  const machine = await startHost(NODE);
  const session = new TpmSession(machine.swtpm.tcti);
  const keys = await machine.host.describeKeys();
  await db.query(
    `INSERT INTO attestation_nodes (workspace_id, node, state, ek_public, ek_trust, ak_public, ak_name, enrolled_at,
        reboot_pending, missed_quotes, version, actor)
      VALUES ('system', $1, 'enrolled', $2, 'simulated', $3, $4, now(), false, 0, 1, 'system')`,
    [NODE, keys.ek_public, keys.ak_public, keys.ak_name],
  );
  const on: Anchored = {
    db,
    url,
    stateRoot,
    machine,
    session,
    host: createAnchorHostActivities(NODE, anchorTpm(session)),
    blobs: new FilesystemBlobs(join(stateRoot, 'blobs')),
    close: async () => {
      await session.close();
      await machine.close();
      await on.db.end();
      await drop();
      removeTree(stateRoot);
    },
  };
  return on;
}

export const rollbackDeps = (on: Anchored, db = on.db, blobs = on.blobs): RollbackDeps => ({
  db,
  blobs,
  keysOf: (origin, epoch) => existingKeys(on.stateRoot, { origin, epoch }),
});

export const portOf = (on: Anchored, db = on.db, intervalMs = 0, blobs = on.blobs): AnchorActivities =>
  anchorPort({ ...rollbackDeps(on, db, blobs), intervalMs, log: silent });

/** Entries, their places, and the checkpoint over them. Returns the size. */
export async function grow(on: Anchored, db = on.db, n = 3): Promise<number> {
  const { key, sign } = await openLog(db, on.stateRoot, silent);
  await transaction(db, (tx) =>
    writeEntries(
      tx,
      Array.from({ length: n }, (_, i) => entry(i)),
    ),
  );
  const round = await sequenceEntries(db, {});
  if (round === null) throw new Error('the log does not grow');
  const { size, root } = round;
  await publishCheckpoint(
    db,
    round,
    signNote(formatCheckpoint({ origin: key.name, size, root, extensions: [] }), key, sign),
  );
  return size;
}

const entry = (n: number) => ({
  ...OPERATOR,
  at: '2026-11-21T12:00:00.000Z',
  action: 'tested',
  object: `test/${n}`,
  record_hash: null,
  record_version: null,
  detail: { n, salt: crypto.randomUUID() },
  policy_digest: null,
});

export async function intend(on: Anchored, port = portOf(on), closing = false): Promise<AnchorIntended> {
  const { counter } = await on.host.readAnchorCounter();
  return port.intendAnchor({ node: NODE, counter, closing, check_id: crypto.randomUUID() });
}

export async function intended(on: Anchored, port = portOf(on)): Promise<IntendedAnchor> {
  const answer = await intend(on, port);
  if (answer.kind !== 'intended') throw new Error(`not intended: ${JSON.stringify(answer)}`);
  return answer;
}

/** Every step of an anchor. */
export async function anchor(on: Anchored, port = portOf(on)): Promise<IntendedAnchor> {
  const asked = await intended(on, port);
  const completed = await port.completeAnchor({ ...asked, evidence: await on.host.anchorCheckpoint(asked) });
  if (!completed.ok) throw new Error(completed.code);
  await port.copyCheckpoints();
  return asked;
}

/** A copy of the database as it is now; nobody else may be connected to it. */
export async function copyOf(on: Anchored): Promise<{ db: Database; drop: () => Promise<void> }> {
  const url = new URL(on.url);
  const name = url.pathname.slice(1);
  const copy = `${name}_copy_${crypto.randomUUID().slice(0, 8)}`;
  await on.db.end();
  const admin = openDatabase({
    url: Object.assign(new URL(on.url), { pathname: '/postgres' }).href,
    name: 'test',
    max: 1,
  });
  await admin.query(`CREATE DATABASE "${copy}" TEMPLATE "${name}"`);
  on.db = openDatabase({ url: on.url, name: 'test' });
  url.pathname = `/${copy}`;
  const db = openDatabase({ url: url.href, name: 'test' });
  const drop = async () => {
    await db.end();
    await admin.query(`DROP DATABASE "${copy}" WITH (FORCE)`);
    await admin.end();
  };
  return { db, drop };
}
