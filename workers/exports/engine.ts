import { ExportFailure, ExportStop } from '../../activities/exports/engine.ts';
import type { ExportEngine, ExportJob } from '../../activities/exports/engine.ts';
import { archiveStream } from '../../activities/exports/archive-stream.ts';
import { storeSource } from '../../activities/exports/blob-source.ts';
import { complete, discard, send } from '../../activities/exports/deliver.ts';
import { preflight } from '../../activities/exports/preflight.ts';
import { RegistryError } from '../../activities/exports/registry-error.ts';
import type { Registry } from '../../activities/exports/registry.ts';
import { SealError } from '../../activities/exports/seal.ts';
import { DeliveryError } from '../../activities/exports/types.ts';
import { archiveLayout } from '../../domain/export/archive.ts';
import { keysTextOf } from '../../domain/export/statement.ts';
import type { BundleManifest } from '../../domain/registry/manifest.ts';
import { registryKey } from '../../storage/blob-store.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import type { ExportDestination } from '../../storage/export-destination.ts';
import type { Sealer } from './sealer.ts';

export interface ExportEngineDeps {
  /** The registry as a workspace asks it. */
  registryOf: (workspace_id: string) => Promise<Registry>;
  /** The instance's own blobs. */
  blobs: Pick<BlobStore, 'read'>;
  /** Whether the airlock is open for a workspace, by the record at this moment. */
  airlock: (workspace_id: string) => Promise<'open' | 'closed'>;
  /** Whether the gate `model` is open for `sha256:…`. */
  isReleased: (workspace_id: string, digest: string) => Promise<boolean>;
  /** Where archives of an export go. Errors: ExportFailure, ExportStop. */
  destinationOf: (job: ExportJob) => Promise<ExportDestination>;
  sealer: Sealer;
}

/** What exports do outside: the registry over HTTP, the archive as a stream, and its destination. */
export function createExportEngine(deps: ExportEngineDeps): ExportEngine {
  const { registryOf, destinationOf } = deps;
  const store = storeSource(deps.blobs, registryKey);
  const deliveryOf = async (job: ExportJob) => ({
    destination: await destinationOf(job),
    key: job.key,
    handle: job.handle,
  });
  return {
    preflight: (job, signal) =>
      said(async () => {
        const { workspace_id } = job;
        return preflight(job.bundle, job.manifest, {
          registry: await registryOf(workspace_id),
          store,
          airlock: () => deps.airlock(workspace_id),
          isReleased: (digest) => deps.isReleased(workspace_id, digest),
          progress: () => undefined,
          signal,
        });
      }),
    seal: (job, signal) => said(() => deps.sealer(sealRequestOf(job), signal)),
    deliver: (job, { airlock, keepHandle, progress, signal }) =>
      said(async () => {
        const manifest = manifestOf(job);
        const statement = present(job.statement);
        const keys = present(keysTextOf(statement));
        const layout = archiveLayout({ bundle: job.bundle, manifest, statement, keys });
        const blobs = job.stood_in ? store : await registryOf(job.workspace_id);
        const archive = { bytes: layout.bytes, read: () => archiveStream(layout, blobs) };
        return send(await deliveryOf(job), { archive, airlock, keepHandle, progress, signal });
      }),
    complete: (job) =>
      said(async () => {
        const { sha256, bytes } = present(job.archive);
        const delivery = { ...(await deliveryOf(job)), handle: present(job.handle) };
        const airlock = () => deps.airlock(job.workspace_id);
        return complete(delivery, { bytes, sha256, retain_until: job.retain_until }, { airlock });
      }),
    discard: (job) => said(async () => discard({ ...(await deliveryOf(job)), handle: present(job.handle) })),
  };
}

const sealRequestOf = (job: ExportJob) => ({
  export_id: job.export_id,
  workspace_id: job.workspace_id,
  bundle: { ...job.bundle, digest: present(job.digest), transition_digest: present(job.transition_digest) },
  manifest: manifestOf(job),
  policy_digest: job.policy_digest,
  mode: job.mode,
  quorum: job.quorum,
  grant: present(job.grant),
  requested: {
    by: job.requested_by,
    on_behalf_of: job.on_behalf_of,
    at: job.created_at,
    reason: job.reason,
    ticket: job.ticket,
  },
});

const manifestOf = ({ manifest }: ExportJob): BundleManifest => present(manifest);

/** What the course of an export has put on record before this step. */
function present<T>(value: T | null): T {
  if (value === null) throw new Error('a step was taken before what it needs was on record');
  return value;
}

/** Whatever went wrong, in the words of an export: its reasons where it is one, else the code of what failed. */
async function said<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RegistryError) throw new ExportStop(error.code);
    if (error instanceof SealError)
      throw new ExportFailure(error.code, { retry: error.code === 'entries_unsequenced' });
    if (!(error instanceof DeliveryError)) throw error;
    const { code } = error;
    if (code === 'airlock_closed' || code === 'blob_store_unreachable' || code === 'blob_store_denied')
      throw new ExportStop(code);
    throw new ExportFailure(code);
  }
}
