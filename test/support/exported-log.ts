import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportRecords } from '../../api/ledger/export-records.ts';
import { tileFile, filesOf } from '../../cli/ledger/log-files.ts';
import type { LogSource } from '../../cli/ledger/log-source.ts';
import { verifyLog } from '../../cli/ledger/verify-log.ts';
import type { Verified } from '../../cli/ledger/verify-log.ts';
import type { Database } from '../../db/client.ts';
import { publishedLog, readLeaves, readTile } from '../../db/read/log.ts';
import { logKeys } from '../../db/read/log-keys.ts';
import { sha256 } from '../../db/write/change.ts';
import { parseNoteKey } from '../../domain/ledger/note.ts';
import { entryBundle } from '../../domain/ledger/tile.ts';
import { OPERATOR } from './record.ts';
import { removeTree } from './remove-tree.ts';

export type Files = Map<string, Uint8Array>;

/** What `ledger export` writes of a log, by path, straight from the database. Whoever holds the key has to be running. */
export async function exportedLog(db: Database): Promise<Files> {
  const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-exported-'));
  const files: Files = new Map();
  try {
    const stream = await exportRecords({ db, about: { stateRoot } as never }, OPERATOR);
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream.chunks()) chunks.push(chunk);
    await stream.close();
    files.set('records', Buffer.concat(chunks));
  } finally {
    removeTree(stateRoot);
  }
  const log = (await publishedLog(db))!;
  const { epoch, size } = log;
  files.set('key', Buffer.from(`${log.verifier_key}\n`)).set('checkpoint', Buffer.from(log.checkpoint));
  files.set('keys', Buffer.from(JSON.stringify(await logKeys(db))));
  for (const name of filesOf(size)) {
    const { level, n, width } = name;
    const leaves = async () =>
      (await readLeaves(db, { epoch, from: n * 256, count: width })).map((l) => Buffer.from(l));
    files.set(
      tileFile(name),
      level === 'entries' ? entryBundle(await leaves()) : await readTile(db, { epoch, level, n, width }),
    );
  }
  return files;
}

export const sourceOf = (files: Files): LogSource => ({
  read: (path) => Promise.resolve(files.get(path) ?? null),
  chunks: (path) => {
    const bytes = files.get(path);
    return Promise.resolve(
      bytes === undefined
        ? null
        : (async function* () {
            yield bytes;
          })(),
    );
  },
});

/** Verifies it as `ledger verify --key` does. */
export function verified(files: Files, keyLine: string): Promise<Verified> {
  const trust = { key: parseNoteKey(keyLine, sha256), keyFrom: 'passed' as const, remembered: undefined };
  return verifyLog(sourceOf(files), trust, { done: 0, of: 0 });
}
