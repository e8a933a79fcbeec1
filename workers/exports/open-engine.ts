import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ExportFailure } from '../../activities/exports/engine.ts';
import type { ExportEngine } from '../../activities/exports/engine.ts';
import type { SealDeps } from '../../activities/exports/seal.ts';
import { readProvenanceKeys } from '../../config/provenance-keys.ts';
import type { Database } from '../../db/client.ts';
import { checkGate } from '../../db/read/check-gate.ts';
import { exportProofs } from '../../db/read/export-proofs.ts';
import { logKeys } from '../../db/read/log-keys.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import { FileDestination } from '../../storage/file-destination.ts';
import { openProvenanceKey } from '../keys/provenance-key.ts';
import { Accounts } from '../upstreams/accounts.ts';
import type { UpstreamWork } from '../upstreams/keep-upstreams.ts';
import { createExportEngine } from './engine.ts';
import { registryOf } from './registry-access.ts';
import type { RegistryEnv } from './registry-access.ts';

export interface OpenEngineDeps extends Pick<UpstreamWork, 'readSecret' | 'store'> {
  db: Database;
  blobs: Pick<BlobStore, 'read'>;
  stateRoot: string;
  env: RegistryEnv;
}

/** Archives that stay with the instance lie here. */
export const exportFolder = (stateRoot: string): string => join(stateRoot, 'exports');

/** What exports of this instance do outside, by its record, its registry, its keys and its destinations. */
export function openExportEngine({ db, blobs, stateRoot, env, readSecret, store }: OpenEngineDeps): ExportEngine {
  const accounts = new Accounts(db, { readSecret, store, now: Date.now });
  const upstreams = { readSecret, accessToken: accounts.accessToken.bind(accounts) };
  const files = new FileDestination(exportFolder(stateRoot));
  return createExportEngine({
    registryOf: registryOf(env, { db, upstreams }),
    blobs,
    airlock: async (workspace_id) => ((await checkGate(db, workspace_id, 'airlock')).open ? 'open' : 'closed'),
    isReleased: async (workspace_id, digest) => (await checkGate(db, workspace_id, 'model', digest)).open,
    destinationOf: async ({ destination }) => {
      if (destination.kind === 'file') return files;
      throw new ExportFailure('destination_unknown');
    },
    seal: (signal) => sealDeps(db, stateRoot, signal),
  });
}

const sealDeps = (db: Database, stateRoot: string, signal: AbortSignal): SealDeps => ({
  proofs: (wanted) => exportProofs(db, wanted),
  keys: async () => {
    const log = await logKeys(db);
    return { provenance: readProvenanceKeys(stateRoot), log: log?.keys.map((key) => key.verifier_key) ?? [] };
  },
  signer: () => openProvenanceKey(stateRoot),
  now: () => new Date().toISOString(),
  wait: (ms) => pause(ms, undefined, { signal }),
});
