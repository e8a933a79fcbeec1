import { createHash } from 'node:crypto';
import { ExportStop } from '../../activities/exports/engine.ts';
import type { ExportEngine, ExportJob } from '../../activities/exports/engine.ts';
import type { ExportReason } from '../../domain/export/types.ts';
import { bundleDigest } from '../../domain/registry/manifest.ts';
import type { BundleManifest } from '../../domain/registry/manifest.ts';
import { sha256 } from './incidents.ts';

export const MANIFEST: BundleManifest = {
  blobs: [{ path: 'LICENSE', sha256: 'a'.repeat(64), size: 1 }],
  transition_digest: `sha256:${'1'.repeat(64)}`,
  license: { id: 'Apache-2.0', sha256: 'a'.repeat(64) },
  policy_profile: 'audit-strict',
  policy_hash: `sha256:${'2'.repeat(64)}`,
  created_at: '2026-01-02T03:04:05Z',
};

/** Exports without an outside: what is found, and what happens in each step, a test says. */
export interface MemoryEngine extends ExportEngine {
  /** What preflight finds; by the name of a bundle, else nothing. */
  findings: Map<string, ExportReason[]>;
  /** What was taken, in order: `<step> <export>`. */
  taken: string[];
  /** What was completed. */
  named: Set<string>;
  /** Called before a step does anything, and before `complete` answers as `completed`. */
  before: (step: string, job: ExportJob) => Promise<void> | void;
}

export function memoryEngine(): MemoryEngine {
  const said = async (step: string, job: ExportJob) => {
    engine.taken.push(`${step} ${job.export_id}`);
    await engine.before(step, job);
  };
  const engine: MemoryEngine = {
    findings: new Map(),
    taken: [],
    named: new Set(),
    before: () => undefined,
    preflight: async (job) => {
      await said('preflight', job);
      const findings = engine.findings.get(job.bundle.name) ?? [];
      const registered = !findings.some((f) => f.startsWith('registry_') || f === 'bundle_unregistered');
      const manifest = registered ? MANIFEST : job.manifest;
      if (manifest === null) return { bundle: null, manifest: null, findings };
      const { transition_digest } = manifest;
      const { name, version } = job.bundle;
      const digest = bundleDigest({ name, version }, manifest, sha256);
      return { bundle: { digest, transition_digest }, manifest, findings };
    },
    seal: async (job) => {
      await said('seal', job);
      return { statement: `{"of":"${job.export_id}"}`, digest: hex(job.export_id) };
    },
    deliver: async (job, { airlock, keepHandle }) => {
      if (job.handle === null) await keepHandle(`handle-${job.export_id}`);
      await said('deliver', job);
      if ((await airlock()) === 'closed') throw new ExportStop('airlock_closed');
      return { handle: `handle-${job.export_id}`, bytes: 10, sha256: hex(job.statement ?? '') };
    },
    complete: async (job) => {
      await said('complete', job);
      const present = engine.named.has(job.key);
      engine.named.add(job.key);
      await engine.before('completed', job);
      return present ? 'present' : 'stored';
    },
    discard: (job) => said('discard', job),
  };
  return engine;
}

const hex = (text: string): string => createHash('sha256').update(text).digest('hex');
