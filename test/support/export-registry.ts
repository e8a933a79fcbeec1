import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTokens } from '../../api/auth/tokens-file.ts';
import { archiveLayout } from '../../domain/export/archive.ts';
import type { BundleManifest } from '../../domain/registry/manifest.ts';
import { FilesystemBlobs } from '../../storage/filesystem-blobs.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import { startApi } from '../integration/api/api-under-test.ts';
import type { ApiUnderTest } from '../integration/api/api-under-test.ts';
import { hexOf, manifestOf, nameOf } from '../integration/registry/support.ts';
import { removeTree } from './remove-tree.ts';

export const TOKEN = 'token-of-the-registry';
export const BUNDLE = { name: 'fine-tune', version: '1.0.0' };

/** A second instance with a database, blobs and tokens of its own: the registry that another one checks its exports against. */
export interface ExportRegistry {
  api: ApiUnderTest;
  blobRoot: string;
  /** Set: what its store does instead. */
  store: { read: BlobStore['read'] | undefined };
  /** Puts files and publishes them; the license is one of them. */
  publish: (
    files: Record<string, Uint8Array>,
    over?: Partial<BundleManifest>,
    name?: string,
  ) => Promise<BundleManifest>;
  close: () => Promise<void>;
}

export async function startRegistry(): Promise<ExportRegistry> {
  const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-registry-'));
  const blobRoot = join(stateRoot, 'blobs');
  const kept = new FilesystemBlobs(blobRoot);
  const store: ExportRegistry['store'] = { read: undefined };
  const blobs: BlobStore = {
    put: (...args) => kept.put(...args),
    get: (...args) => kept.get(...args),
    read: (key) => (store.read ?? ((k: string) => kept.read(k)))(key),
    stage: (...args) => kept.stage(...args),
    remove: (...args) => kept.remove(...args),
    list: (...args) => kept.list(...args),
    versions: (...args) => kept.versions(...args),
    sweep: () => kept.sweep(),
    reach: () => kept.reach(),
    close: () => kept.close(),
  };
  const entry = { sha256: createHash('sha256').update(TOKEN).digest('hex'), user: 'exporter', role: 'operator' };
  const tokens = parseTokens(JSON.stringify(entry));
  const api = await startApi({ stateRoot, blobs, auth: { loopbackTrust: false, tokens: async () => tokens } });
  const asked = async (method: string, path: string, body: Uint8Array | string, type: string) => {
    const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': type };
    const answer = await fetch(api.url + path, { method, headers, body: body as Uint8Array<ArrayBuffer> });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  return {
    api,
    blobRoot,
    store,
    publish: async (files, over = {}, name = BUNDLE.name) => {
      const license = Object.entries(files).find(([path]) => path.endsWith('LICENSE'))?.[1] ?? new Uint8Array();
      const manifest = { ...manifestOf(files, license), ...over };
      for (const bytes of Object.values(files))
        await asked('PUT', `/v1/registry/blobs/${nameOf(bytes)}`, bytes, 'application/octet-stream');
      const path = `/v1/registry/bundles/${name}/${BUNDLE.version}`;
      await asked('PUT', path, JSON.stringify(manifest), 'application/json');
      return manifest;
    },
    close: async () => {
      await api.close();
      removeTree(stateRoot);
    },
  };
}

/** Files of a bundle that nobody else has: a license, one piece, several pieces, nothing. */
export const freshFiles = () => ({
  LICENSE: Buffer.from(`Apache License ${randomBytes(8).toString('hex')}`),
  'weights/part-1.bin': randomBytes(1000),
  'weights/part-2.bin': randomBytes(1_500_000),
  'weights/größe.txt': new Uint8Array(),
});

export const layoutOf = (manifest: BundleManifest) =>
  archiveLayout({ bundle: BUNDLE, manifest, statement: '{"statement":1}', keys: '{"keys":1}' });

export { hexOf };
