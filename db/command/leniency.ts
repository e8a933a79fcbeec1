import type { Leniency } from '../../domain/export/record.ts';
import { LIFTED_BY_OVERRIDE } from '../../domain/export/reasons.ts';
import { isEverybody } from '../../domain/identity/user.ts';
import { digestName } from '../../domain/registry/digest.ts';
import { liveOverride } from '../read/overrides.ts';
import { standingWaiver } from '../read/waivers.ts';
import type { Tx } from '../transaction.ts';
import type { ExportRow } from '../write/exports.ts';
import { spendOverride } from '../write/overrides.ts';

type Judged = Pick<
  ExportRow,
  | 'workspace_id'
  | 'export_id'
  | 'actor'
  | 'digest'
  | 'transition_digest'
  | 'ticket'
  | 'lifted_by'
  | 'findings'
  | 'would_block'
>;

/** What stands for the bundle of an export at this moment, in the transaction that judges by it. */
export async function standingLeniency(tx: Tx, row: Judged): Promise<Leniency> {
  return { waiver: await waiverOf(tx, row), override: row.lifted_by ?? (await overrideFor(tx, row)) };
}

/** The same, and uses up the override that this export needs: that it has used it, it keeps. */
export async function useLeniency(tx: Tx, row: Judged): Promise<Leniency> {
  const needed = row.findings.some((f) => LIFTED_BY_OVERRIDE.includes(f) && !row.would_block.includes(f));
  const standing = await standingLeniency(tx, row);
  if (!needed || standing.override === null || row.lifted_by !== null) return standing;
  const { workspace_id, export_id } = row;
  // The one whose ticket was looked at: another may have been opened since.
  const { override_id } = standing.override;
  return { ...standing, override: (await spendOverride(tx, { workspace_id, export_id, override_id })) ?? null };
}

async function waiverOf(
  tx: Tx,
  { workspace_id, actor, digest, transition_digest }: Judged,
): Promise<Leniency['waiver']> {
  if (digest === null || transition_digest === null) return null;
  const of = { workspace_id, bundle_digest: digestName(digest), transition_digest };
  const found = await standingWaiver(tx, { ...of, requester: isEverybody(actor) ? null : actor });
  return found === undefined ? null : { waiver_id: found.waiver_id, digest: found.digest };
}

/** An override is for the export that its ticket calls for, and for no other. */
async function overrideFor(tx: Tx, { workspace_id, ticket }: Judged): Promise<Leniency['override']> {
  const live = ticket === null ? undefined : await liveOverride(tx, workspace_id);
  return live === undefined || live.ticket !== ticket ? null : { override_id: live.override_id, ticket: live.ticket };
}
