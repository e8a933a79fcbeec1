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

/** A manifest of files by path; the license is one of them. */
export const manifestOf = (files: Record<string, Uint8Array>, license: Uint8Array) => ({
  blobs: Object.entries(files)
    .map(([path, bytes]) => ({ path, sha256: hexOf(bytes), size: bytes.length }))
    .sort((a, b) => (a.path < b.path ? -1 : 1)),
  transition_digest: `sha256:${'1'.repeat(64)}`,
  license: { id: 'Apache-2.0', sha256: hexOf(license) },
  policy_profile: 'audit-strict',
  policy_hash: `sha256:${'2'.repeat(64)}`,
  created_at: '2026-01-02T03:04:05Z',
});

export const publish = (url: string, name: string, version: string, manifest: object, workspace = 'default') =>
  fetch(`${url}/v1/registry/bundles/${name}/${version}`, {
    method: 'PUT',
    body: JSON.stringify(manifest),
    headers: { 'Content-Type': 'application/json', [WORKSPACE]: workspace },
  });

/** An upload's requests. */
export const uploads = (url: string) => ({
  open: async (bytes: Uint8Array, digest = nameOf(bytes)) => {
    const answer = await fetch(`${url}/v1/registry/uploads`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ digest, bytes: bytes.length }),
    });
    return ((await answer.json()) as { upload_id: string }).upload_id;
  },
  part: (id: string, bytes: Uint8Array, first: number, end: number) =>
    fetch(`${url}/v1/registry/uploads/${id}`, {
      method: 'PATCH',
      headers: {
        'Content-Type': 'application/octet-stream',
        'Content-Range': `bytes ${first}-${end - 1}/${bytes.length}`,
      },
      body: bytes.subarray(first, end) as Uint8Array<ArrayBuffer>,
    }),
  complete: (id: string) => fetch(`${url}/v1/registry/uploads/${id}/complete`, { method: 'POST' }),
  state: async (id: string) =>
    (await (await fetch(`${url}/v1/registry/uploads/${id}`)).json()) as { received: number; code?: string },
});
