import { ill, well } from '../../../domain/doctor/finding.ts';
import type { Said } from '../../../domain/doctor/finding.ts';
import { probeBlobs, probeStorage } from '../../status/storage.ts';
import type { ApiDeps } from '../../deps.ts';
import type { DoctorCheck } from '../check.ts';

/** Writes a little where things are written, and takes it away again. */
export const check: DoctorCheck = {
  name: 'storage',
  component: true,
  run: async (deps) => {
    const probes = await probeStorage(deps);
    return [
      ...probes.map(({ name, ok, error }) =>
        ok ? well(undefined, name) : ill('write_failed', `a probe could not be written (${error ?? 'unknown'})`, name),
      ),
      await blobsFinding(deps),
    ];
  },
};

/** The ways in which a store fails are kept apart: what a person does about them differs. */
async function blobsFinding(deps: ApiDeps): Promise<Said> {
  const { ok, error } = await probeBlobs(deps);
  if (ok) return well(undefined, 'blobs');
  const code = error === 'blob_store_denied' ? 'blobs_denied' : 'blobs_unreachable';
  return ill(code, `a blob could not be written to ${deps.about.blob.endpoint ?? 'the blob root'} (${error})`, 'blobs');
}
