import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { registryKey } from '../../../storage/blob-store.ts';
import { rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';

export const hexOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const nameOf = (bytes: Uint8Array): string => `sha256:${hexOf(bytes)}`;
export const pathOf = (bytes: Uint8Array): string => `/v1/registry/blobs/${nameOf(bytes)}`;
/** Bytes that nobody else puts. */
export const fresh = (length: number): Buffer => randomBytes(length);

const WORKSPACE = 'X-Interlock-Workspace';

export const put = (url: string, bytes: Uint8Array, path = pathOf(bytes), workspace = 'default'): Promise<Response> =>
  fetch(url + path, {
    method: 'PUT',
    body: bytes as Uint8Array<ArrayBuffer>,
    headers: { 'Content-Type': 'application/octet-stream', [WORKSPACE]: workspace },
  });

/** The file of a blob, with one bit of it flipped. */
export function flipBit(blobRoot: string, bytes: Uint8Array, at = 0): void {
  const file = join(blobRoot, registryKey(hexOf(bytes)));
  const changed = readFileSync(file);
  changed[at] = (changed[at] ?? 0) ^ 1;
  chmodSync(file, 0o600);
  writeFileSync(file, changed);
}

/** What came of an answer before it ended; `whole` when it ended as it should. */
export function received(url: string, path: string): Promise<{ status: number; bytes: number; whole: boolean }> {
  return new Promise((resolve, reject) => {
    const req = request(url + path, { agent: false }, (res) => {
      let bytes = 0;
      const end = (whole: boolean) => () => resolve({ status: res.statusCode ?? 0, bytes, whole });
      res.on('data', (chunk: Buffer) => (bytes += chunk.length));
      res.on('end', end(true));
      res.on('error', end(false));
    });
    req.on('error', reject);
    req.end();
  });
}

/** Actions on the ledger about an object, in order. */
export const actionsOf = async (db: Database, object: string): Promise<string[]> =>
  (
    await rows<{ action: string }>(db, 'SELECT action FROM ledger_entries WHERE object = $1 ORDER BY entry_id', [
      object,
    ])
  ).map((row) => row.action);
