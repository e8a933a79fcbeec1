import { grantOf } from '../../domain/export/record.ts';
import { readManifest } from '../../domain/registry/manifest.ts';
import type { BundleManifest } from '../../domain/registry/manifest.ts';
import { LIFTED_BY_OVERRIDE } from '../../domain/export/reasons.ts';
import type { ExportJob } from './engine.ts';
import type { DueExport } from './record-port.ts';

/** What a step is taken for. */
export const jobOf = ({ row, export: x }: Pick<DueExport, 'row' | 'export'>): ExportJob => ({
  workspace_id: row.workspace_id,
  export_id: row.export_id,
  bundle: { name: row.name, version: row.bundle_version },
  digest: x.digest,
  transition_digest: x.transition_digest,
  manifest: manifestOf(row.manifest),
  stood_in: x.findings.some((finding) => LIFTED_BY_OVERRIDE.includes(finding)),
  destination: row.destination,
  key: row.key,
  retain_until: row.retain_until,
  mode: x.mode,
  would_block: x.would_block,
  grant: grantOf(x),
  approvals: x.approvals,
  quorum: x.quorum,
  policy_digest: row.policy_digest,
  requested_by: row.actor,
  on_behalf_of: row.on_behalf_of,
  reason: row.reason,
  ticket: row.ticket,
  created_at: row.created_at,
  statement: row.statement,
  handle: x.handle,
  archive: x.archive_sha256 === null ? null : { sha256: x.archive_sha256, bytes: x.received },
});

/** The manifest in the text that a bundle's digest is of. */
function manifestOf(text: string | null): BundleManifest | null {
  if (text === null) return null;
  const manifest = Object.entries(JSON.parse(text) as object).filter(([name]) => name !== 'name' && name !== 'version');
  const read = readManifest(Object.fromEntries(manifest));
  if (!read.ok) throw new Error('a manifest on record does not read');
  return read.manifest;
}
