import { ill, well } from '../../../domain/doctor/finding.ts';
import { blobReport, probeStorage } from '../../status/storage.ts';
import type { DoctorCheck } from '../check.ts';

/** Writes a little where things are written, and takes it away again. */
export const check: DoctorCheck = {
  name: 'storage',
  component: true,
  run: async (deps) => {
    const probes = await probeStorage(deps);
    const { reachable } = await blobReport(deps.about.blobRoot);
    return [
      ...probes.map(({ name, ok, error }) =>
        ok ? well(undefined, name) : ill('write_failed', `a probe could not be written (${error ?? 'unknown'})`, name),
      ),
      reachable === true ? well(undefined, 'blobs') : ill('blobs_unreachable', 'the blob root cannot be read', 'blobs'),
    ];
  },
};
