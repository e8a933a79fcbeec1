import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatCheckpoint } from '../../../domain/ledger/checkpoint.ts';
import { formatNoteKey, noteKey, signNote } from '../../../domain/ledger/note.ts';
import { proverOf } from '../../../domain/ledger/proof.ts';
import { tilePath } from '../../../domain/ledger/tile.ts';
import { sumdbVerify } from '../../support/sumdb-verify.ts';
import { copyOf, leafOf } from './log-copy.ts';
import { sha256 } from './naive-tree.ts';
import { removeTree } from '../../support/remove-tree.ts';

const SECRET = new Uint8Array(32).fill(5);
const key = noteKey('interlock.test/1', ed25519.getPublicKey(SECRET), sha256);
const keyLine = formatNoteKey(key);

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'interlock-interop-'));
});
afterAll(() => removeTree(root));

interface LogFolder {
  folder: string;
  /** Proofs of ours, and their number. */
  proofs: string;
  count: number;
}

/** Writes a log as c2sp.org/tlog-tiles lays it out, and proofs about it. */
async function writeLog(size: number): Promise<LogFolder> {
  const folder = mkdtempSync(join(root, `log-${size}-`));
  const log = copyOf(Array.from({ length: size }, (_, i) => leafOf(i)));
  const text = formatCheckpoint({ origin: key.name, size, root: log.root, extensions: [] });
  const note = signNote(text, key, (message) => ed25519.sign(message, SECRET));
  for (const [path, bytes] of [
    ['checkpoint', note] as const,
    ...[...log.files].map(([p, b]) => [`tile/${p}`, b] as const),
  ]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  const prover = proverOf(async (level, n, width) => log.files.get(tilePath({ level, n, width }))!, sha256);
  const base64 = (hashes: readonly Uint8Array[]) => hashes.map((hash) => Buffer.from(hash).toString('base64'));
  const indices = Array.from({ length: size }, (_, i) => i).filter((i) => size <= 300 || i % 97 === 0);
  const given = {
    inclusion: await Promise.all(
      indices.map(async (index) => ({ index, proof: base64(await prover.inclusion(index, size)) })),
    ),
    consistency: await Promise.all(
      indices.map(async (i) => ({ from: i + 1, proof: base64(await prover.consistency(i + 1, size)) })),
    ),
  };
  const proofs = join(folder, 'proofs.json');
  writeFileSync(proofs, JSON.stringify(given));
  return { folder, proofs, count: indices.length * 2 };
}

function flipBit(path: string, at: number): () => void {
  const before = readFileSync(path);
  const after = Buffer.from(before);
  after[at]! ^= 1;
  writeFileSync(path, after);
  return () => writeFileSync(path, before);
}

describe('golang.org/x/mod/sumdb', () => {
  it.each([0, 1, 2, 255, 256, 257, 1000, 66_000])('verifies our log of %i leaves, and our proofs', async (size) => {
    const { folder, proofs, count } = await writeLog(size);
    const { code, output } = await sumdbVerify(folder, keyLine, proofs);
    expect(output).toMatch(new RegExp(`^verified: ${size} entries, root \\S+, ${count} given proofs\n$`));
    expect(code).toBe(0);
  });

  it('verifies it over HTTP', async () => {
    const { folder, count, proofs } = await writeLog(300);
    const asked: string[] = [];
    const server = createServer(({ url = '' }, response) => {
      asked.push(url);
      response.end(readFileSync(join(folder, url.replace('/ledger/', ''))));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ledger`;
    const { output } = await sumdbVerify(url, keyLine, proofs);
    await new Promise((closed) => server.close(closed));
    expect(output).toContain(`verified: 300 entries`);
    expect(output).toContain(`${count} given proofs`);
    expect(new Set(asked)).toStrictEqual(
      new Set(
        [
          'checkpoint',
          'tile/entries/000',
          'tile/entries/001.p/44',
          'tile/0/000',
          'tile/0/001.p/44',
          'tile/1/000.p/1',
        ].map((path) => `/ledger/${path}`),
      ),
    );
  });

  it('refuses what was altered, so that its yes says something', async () => {
    const { folder, proofs } = await writeLog(1000);
    const file = (path: string): string => join(folder, path);
    for (const [path, at, reason] of [
      ['checkpoint', 20, 'checkpoint: '],
      ['tile/entries/001', 100, 'entries: '],
      ['tile/entries/003.p/232', 1, 'entries: '],
      ['tile/0/002', 8191, 'tiles: '],
      ['tile/0/003.p/232', 0, 'tiles: '],
      ['tile/1/000.p/3', 40, 'tiles: '],
    ] as const) {
      const restore = flipBit(file(path), at);
      const { code, output } = await sumdbVerify(folder, keyLine, proofs);
      restore();
      expect([path, code, output.slice(0, 14 + reason.length)]).toStrictEqual([path, 1, `sumdb-verify: ${reason}`]);
    }
    expect((await sumdbVerify(folder, keyLine, proofs)).code).toBe(0);
  });

  it('refuses a proof that is not one, a log without its files, and another key', async () => {
    const { folder, proofs } = await writeLog(300);
    const given = JSON.parse(readFileSync(proofs, 'utf8')) as Record<
      'inclusion' | 'consistency',
      { proof: string[] }[]
    >;
    for (const kind of ['inclusion', 'consistency'] as const) {
      const [first, second, ...rest] = given[kind];
      const spoilt = join(folder, 'spoilt.json');
      writeFileSync(
        spoilt,
        JSON.stringify({ ...given, [kind]: [{ ...first, proof: second?.proof }, second, ...rest] }),
      );
      const { code, output } = await sumdbVerify(folder, keyLine, spoilt);
      expect([kind, code]).toStrictEqual([kind, 1]);
      expect(output).toContain(`proofs: given ${kind}`);
    }
    const other = formatNoteKey(noteKey(key.name, ed25519.getPublicKey(new Uint8Array(32)), sha256));
    expect(await sumdbVerify(folder, other)).toMatchObject({ code: 1 });
    expect(await sumdbVerify(join(folder, 'nowhere'), keyLine)).toMatchObject({ code: 1 });
    rmSync(join(folder, 'tile/0/000'));
    expect(await sumdbVerify(folder, keyLine)).toMatchObject({ code: 1 });
  });
});
