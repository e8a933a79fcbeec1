import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { onTestFinished } from 'vitest';
import { formatCheckpoint } from '../../../domain/ledger/checkpoint.ts';
import { formatNoteKey, noteKey, signNote } from '../../../domain/ledger/note.ts';
import { copyOf, leafOf } from '../ledger/log-copy.ts';
import { sha256 } from '../ledger/naive-tree.ts';
import { removeTree } from '../../support/remove-tree.ts';

export const leaves = (size: number, from = 0): Uint8Array[] =>
  Array.from({ length: size }, (_, i) => leafOf(from + i));

export interface SignedLog {
  keyLine: string;
  size: number;
  root: Uint8Array;
  /** Everything that lies under the URL or the folder of the log, by path. */
  files: Map<string, Uint8Array>;
}

/** A log as it is served: tiles, bundles, signed checkpoint and key. */
export function signedLog(of: readonly Uint8Array[], { origin = 'test/1', seed = 7 } = {}): SignedLog {
  const secret = new Uint8Array(32).fill(seed);
  const key = noteKey(origin, ed25519.getPublicKey(secret), sha256);
  const { size, root, files } = copyOf(of);
  const note = signNote(formatCheckpoint({ origin, size, root, extensions: [] }), key, (m) => ed25519.sign(m, secret));
  const all = new Map([...files].map(([path, bytes]) => [`tile/${path}`, bytes]));
  const keyLine = formatNoteKey(key);
  return {
    keyLine,
    size,
    root,
    files: all.set('checkpoint', Buffer.from(note)).set('key', Buffer.from(`${keyLine}\n`)),
  };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'interlock-log-'));
  onTestFinished(() => removeTree(folder));
  return folder;
}

export function writeLog({ files }: Pick<SignedLog, 'files'>, folder = temporaryFolder()): string {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

/** Serves `server.log` under `/ledger`, which a test may replace, and keeps the paths that were asked for. */
export interface LogServer {
  url: string;
  log: SignedLog;
  seen: string[];
  tokens: (string | undefined)[];
  /** From so many requests on the connection is cut. */
  cutAfter: number;
}

export async function logServer(log: SignedLog): Promise<LogServer> {
  const state: LogServer = { url: '', log, seen: [], tokens: [], cutAfter: Number.POSITIVE_INFINITY };
  const server = createServer((req, res) => {
    const path = (req.url ?? '').replace('/ledger/', '');
    state.seen.push(path);
    state.tokens.push(req.headers.authorization);
    const bytes = state.log.files.get(path);
    if (state.seen.length > state.cutAfter) req.socket.destroy();
    else res.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}
