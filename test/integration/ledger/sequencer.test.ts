import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, rows } from '../../../db/client.ts';
import { sequenceEntries } from '../../../db/command/sequence-entries.ts';
import { recordReports } from '../../../db/command/intake.ts';
import { transaction } from '../../../db/transaction.ts';
import { writeEntries } from '../../../db/write/ledger.ts';
import { publishedLog } from '../../../db/read/log.ts';
import { parseCheckpoint } from '../../../domain/ledger/checkpoint.ts';
import type { Checkpoint } from '../../../domain/ledger/checkpoint.ts';
import { openNote, parseNoteKey } from '../../../domain/ledger/note.ts';
import { verifyConsistency, verifyInclusion } from '../../../domain/ledger/proof.ts';
import { RightEdge } from '../../../domain/ledger/right-edge.ts';
import { parseEntryBundle, tilePath, widthAt } from '../../../domain/ledger/tile.ts';
import { runSequencer } from '../../../workers/sequencer/sequencer.ts';
import { json, startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { eventually } from '../../support/eventually.ts';
import { OPERATOR, requestOf } from '../../support/record.ts';
import { removeTree } from '../../support/remove-tree.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

let api: ApiUnderTest;
let stateRoot: string;
const stop = new AbortController();
const running: Promise<void>[] = [];
beforeAll(async () => {
  api = await startApi();
  stateRoot = mkdtempSync(join(tmpdir(), 'interlock-ledger-'));
  const deps = { db: api.db, databaseUrl: api.databaseUrl, stateRoot, log: pino({ level: 'silent' }) };
  running.push(runSequencer(deps, stop.signal), runSequencer(deps, stop.signal));
});
afterAll(async () => {
  stop.abort();
  await Promise.all(running);
  await api.close();
  removeTree(stateRoot);
});

const entry = (n: number, workspace_id = 'default') => ({
  at: '2026-11-21T12:00:00.000Z',
  ...OPERATOR,
  workspace_id,
  action: 'tested',
  object: `test/${n}`,
  record_hash: null,
  record_version: null,
  detail: { n },
  policy_digest: null,
});

const sequenced = async () => (await rows<{ n: number }>(api.db, 'SELECT count(*) AS n FROM log_index'))[0]?.n ?? 0;
const written = async () => (await rows<{ n: number }>(api.db, 'SELECT count(*) AS n FROM ledger_entries'))[0]?.n ?? 0;

/** Waits until every entry is covered by a signed checkpoint, and returns that. */
async function published(): Promise<Checkpoint> {
  await eventually(async () => (await publishedLog(api.db))?.size === (await written()));
  const key = parseNoteKey(await (await api.get('/ledger/key')).text(), sha256);
  const note = await (await api.get('/ledger/checkpoint')).text();
  return parseCheckpoint(openNote(note, [key], (publicKey, m, s) => ed25519.verify(s, m, publicKey)));
}

async function bytes(path: string): Promise<Uint8Array> {
  const response = await api.get(`/ledger/tile/${path}`);
  expect(response.status, path).toBe(200);
  return new Uint8Array(await response.arrayBuffer());
}

async function leavesOf(size: number): Promise<Uint8Array[]> {
  const leaves: Uint8Array[] = [];
  for (let n = 0; n * 256 < size; n++) {
    const width = widthAt({ level: 'entries', n }, size);
    leaves.push(...parseEntryBundle(await bytes(tilePath({ level: 'entries', n, width }))));
  }
  return leaves;
}

const leafHash = (leaf: Uint8Array): Uint8Array => sha256(Buffer.concat([Buffer.of(0), leaf]));

describe('the log', () => {
  it('holds every entry of every transaction once, whatever order they commit in, and none that rolled back', async () => {
    let n = 0;
    await Promise.all(
      Array.from({ length: 12 }, async (_, lane) => {
        for (let i = 0; i < 15; i++) {
          const count = 1 + ((lane * 7 + i) % 9);
          await transaction(api.db, async (tx) => {
            await writeEntries(
              tx,
              Array.from({ length: count }, () => entry(n++)),
            );
            // Transactions with lower ids commit after higher ones.
            await tx.query('SELECT pg_sleep($1)', [((lane * 5 + i * 3) % 7) / 200]);
            if (i % 5 === 4) throw new Error('rolled back');
          }).catch((error: unknown) => expect((error as Error).message).toBe('rolled back'));
        }
      }),
    );
    await recordReports(api.db, [requestOf('attestation_failure')]);
    const { size, root, origin } = await published();
    expect(await sequenced()).toBe(size);
    const places = await rows<{ idx: number }>(api.db, 'SELECT idx FROM log_index ORDER BY idx');
    expect(places.map((p) => p.idx)).toEqual(Array.from({ length: size }, (_, i) => i));
    expect(origin).toMatch(/^[A-Za-z0-9.-]+\/1$/);

    const leaves = await leavesOf(size);
    const edge = new RightEdge(sha256);
    const tiles = edge.append(leaves.map(leafHash));
    expect(Buffer.from(root)).toEqual(Buffer.from(edge.root()));
    expect(tiles.length).toBeGreaterThan(0);
    for (const { level, n: at, hashes } of tiles)
      expect(Buffer.from(await bytes(tilePath({ level, n: at, width: 256 })))).toEqual(Buffer.from(hashes));
  });

  it('proves to whoever asks that an entry is in it, and that it only grew', async () => {
    const before = await published();
    await transaction(api.db, (tx) => writeEntries(tx, [entry(10_000)]));
    const { size, root } = await published();
    expect(size).toBe(before.size + 1);
    const listed = await json<{ index: number; entry: object }[]>(
      Promise.resolve(await api.get(`/v1/ledger/entries?from=${before.size}`)),
    );
    expect(listed).toMatchObject([{ index: before.size, entry: { action: 'tested', object: 'test/10000' } }]);
    for (const index of [0, 255, 256, before.size]) {
      const given = await json<{ leaf: string; proof: string[] }>(api.get(`/v1/ledger/proof?index=${index}`));
      const claim = {
        leafHash: leafHash(Buffer.from(given.leaf)),
        index,
        size,
        root,
        proof: given.proof.map((h) => Buffer.from(h, 'base64')),
      };
      expect(verifyInclusion(claim, sha256), String(index)).toBe(true);
    }
    const { proof } = await json<{ proof: string[] }>(api.get(`/v1/ledger/consistency?from=${before.size}`));
    const claim = {
      from: before.size,
      size,
      fromRoot: before.root,
      root,
      proof: proof.map((h) => Buffer.from(h, 'base64')),
    };
    expect(verifyConsistency(claim, sha256)).toBe(true);
  });

  it('a workspace sees its own entries and their proofs, not those of another', async () => {
    await transaction(api.db, (tx) => writeEntries(tx, [entry(1, 'lab'), entry(2, 'other')]));
    const { size } = await published();
    const of = (workspace: string) => ({ headers: { 'X-Interlock-Workspace': workspace } });
    const lab = await json<{ index: number; entry: { object: string } }[]>(api.get('/v1/ledger/entries', of('lab')));
    expect(lab.map((e) => e.entry.object)).toEqual(['test/1']);
    const [mine] = lab;
    const other = size - 1 === mine?.index ? size - 2 : size - 1;
    expect((await api.get(`/v1/ledger/proof?index=${mine?.index}`, of('lab'))).status).toBe(200);
    expect((await api.get(`/v1/ledger/proof?index=${other}`, of('lab'))).status).toBe(404);
  });

  it('serves what its checkpoint covers, by the one path it has', async () => {
    const { size } = await published();
    const response = await api.get(`/ledger/tile/0/000`);
    expect(response.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect((await api.get('/ledger/checkpoint')).headers.get('cache-control')).toBe('no-cache');
    const n = Math.floor(size / 256);
    const width = size % 256;
    expect((await api.get(`/ledger/tile/0/${tilePath({ level: 0, n, width }).slice(2)}`)).status).toBe(200);
    for (const path of [
      `0/00${n}`,
      `0/00${n}.p/${width + 1}`,
      '0/0',
      '00/000',
      '0/x000/000',
      '7/000',
      'entries/000.p/256',
      '0/000.p/0',
    ])
      expect((await api.get(`/ledger/tile/${path}`)).status, path).toBe(404);
  });

  it('is not changed by whoever can write to the database as Interlock does', async () => {
    for (const statement of [
      'UPDATE log_index SET idx = idx + 1000000',
      'DELETE FROM log_tiles',
      `UPDATE log_roots SET root = '\\x00'`,
      'DELETE FROM ledger_entries',
    ])
      await expect(api.db.query(statement)).rejects.toMatchObject({ code: '42501' });
  });

  it('a round that fails takes nothing, and the next one goes on from the record', async () => {
    const memory = {};
    // Connections of its own: one that is cut must not go back among those that the others use.
    const own = openDatabase({ url: api.databaseUrl, name: 'test-cut', max: 1 });
    const failing = Object.create(own) as typeof own;
    await transaction(api.db, (tx) => writeEntries(tx, [entry(77)]));
    await published();
    await sequenceEntries(api.db, memory);
    await transaction(api.db, (tx) =>
      writeEntries(
        tx,
        Array.from({ length: 300 }, (_, i) => entry(i)),
      ),
    );
    failing.connect = (async () => {
      const client = await own.connect();
      const query = client.query.bind(client);
      client.query = ((q: { name?: string }, ...rest: unknown[]) =>
        q.name === 'log-grow' ? Promise.reject(new Error('cut')) : query(q as never, ...(rest as []))) as never;
      return client;
    }) as never;
    await sequenceEntries(failing, memory).catch(() => undefined);
    await own.end();
    await sequenceEntries(api.db, memory);
    const { size, root } = await published();
    const edge = new RightEdge(sha256);
    edge.append((await leavesOf(size)).map(leafHash));
    expect(Buffer.from(root)).toEqual(Buffer.from(edge.root()));
  });
});
