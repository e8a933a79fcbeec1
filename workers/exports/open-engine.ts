import { join } from 'node:path';
import type { ExportEngine } from '../../activities/exports/engine.ts';
import type { Database } from '../../db/client.ts';
import { checkGate } from '../../db/read/check-gate.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import { FileDestination } from '../../storage/file-destination.ts';
import { Accounts } from '../upstreams/accounts.ts';
import type { UpstreamWork } from '../upstreams/keep-upstreams.ts';
import { createExportEngine } from './engine.ts';
import { registryOf } from './registry-access.ts';
import type { RegistryEnv } from './registry-access.ts';
import { s3DestinationOf } from './s3-destinations.ts';
import { exportSealer } from './sealer.ts';

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
  const s3Destination = s3DestinationOf({ db, readSecret });
  const files = new FileDestination(exportFolder(stateRoot));
  return createExportEngine({
    registryOf: registryOf(env, { db, upstreams }),
    blobs,
    airlock: async (workspace_id) => ((await checkGate(db, workspace_id, 'airlock')).open ? 'open' : 'closed'),
    isReleased: async (workspace_id, digest) => (await checkGate(db, workspace_id, 'model', digest)).open,
    destinationOf: async ({ destination }) => {
      if (destination.kind === 'file') return files;
      return s3Destination(destination.upstream);
    },
    sealer: exportSealer({ db, stateRoot }),
  });
}
