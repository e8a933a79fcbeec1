import { randomBytes } from 'node:crypto';
import { exportRule } from '../../domain/containment/policy.ts';
import type { GovernanceMode } from '../../domain/export/record.ts';
import type { ExportDestination } from '../../domain/export/types.ts';
import { bundleText } from '../../domain/registry/manifest.ts';
import type { BundleId, BundleManifest } from '../../domain/registry/manifest.ts';
import type { Database } from '../client.ts';
import { entryOf } from '../write/exports.ts';
import { writeEntries } from '../write/ledger.ts';
import { wakeStanding } from '../write/standing-processes.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import { activePolicy } from './policies.ts';

/** Ordinary work that nobody's gate waits for. */
const RANK = 3;
const HOUR_MS = 3_600_000;

export interface ExportRequest {
  bundle: BundleId;
  destination: ExportDestination;
  reason: string;
  ticket: string | null;
  /** Used only where an override lifts what the registry does not answer. */
  manifest: BundleManifest | null;
  /** The archive is kept under a lock for so long. */
  retain_days: number | null;
  /** RFC 3339 UTC: nobody waits longer for approvals, and none is good for longer. */
  not_after: string | null;
  mode: GovernanceMode;
}

export type ExportRequested = { ok: true; export_id: string } | Reused;

/** Opens an export and its process. Who has to approve it, and for how long, is the policy's that is in force now. */
export async function requestExport(
  db: Database,
  by: Caller,
  { key, ...asked }: ExportRequest & { key: DecisionKey },
): Promise<ExportRequested> {
  const { workspace_id } = by;
  const { name, version: bundle_version } = asked.bundle;
  // The key alone makes two requests one: the same bundle may be asked for again and again.
  const once = { workspace_id, aggregate: `exports/${by.actor}/${key.decision_id}`, kind: 'export', key };
  return decideOnce<ExportRequested>(db, by, once, async (tx, now) => {
    const { digest: policy_digest, policy } = await activePolicy(tx);
    const { quorum, expires_hours } = exportRule(policy);
    const latest = Date.parse(now) + expires_hours * HOUR_MS;
    const expires = asked.not_after === null ? latest : Math.min(latest, Date.parse(asked.not_after));
    const export_id = `EXP-${now.slice(0, 10).replaceAll('-', '')}-${randomBytes(4).toString('hex')}`;
    const retain_until =
      asked.retain_days === null ? null : new Date(Date.parse(now) + asked.retain_days * 24 * HOUR_MS).toISOString();
    await tx.query(
      `INSERT INTO exports (workspace_id, export_id, name, bundle_version, destination, key, retain_until, state, mode, quorum,
          policy_digest, expires_at, manifest, findings, would_block, held, received, closed_during_commit, attempts, reason,
          ticket, created_at, version, actor, on_behalf_of)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'requested', $8, $9, $10, $11, $12, '[]', '[]', false, 0, false, 0, $13, $14, $15, 1,
          $16, $17)`,
      [
        workspace_id,
        export_id,
        name,
        bundle_version,
        JSON.stringify(asked.destination),
        keyOf(workspace_id, export_id, asked.bundle),
        retain_until,
        asked.mode,
        JSON.stringify(quorum),
        policy_digest,
        new Date(expires).toISOString(),
        asked.manifest === null ? null : bundleText(asked.bundle, asked.manifest),
        asked.reason,
        asked.ticket,
        now,
        by.actor,
        by.on_behalf_of,
      ],
    );
    const row = { workspace_id, export_id, name, bundle_version, policy_digest, mode: asked.mode, version: 1 };
    const opened = { ...row, digest: null, state: 'requested', reason_code: null } as const;
    const detail = { destination: asked.destination, ticket: asked.ticket, quorum };
    await writeEntries(tx, [entryOf(opened, { by, now, action: 'export_requested', detail })]);
    const process = { workspace_id, type: 'exportApproval', subject: export_id } as const;
    await wakeStanding(tx, process, { severity_rank: RANK, actor: by.actor, now });
    return { ok: true, export_id };
  });
}

/** Found by its bundle where archives lie, and never another's. */
const keyOf = (workspace_id: string, export_id: string, { name, version }: BundleId): string =>
  `${workspace_id}/${name}/${version}/${export_id}.tar`;
