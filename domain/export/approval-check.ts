// An approval is worth what the log says: its entry is proven, is about this export, and says who, as what and when.
import type { Sha256 } from '../canonical/hash.ts';
import { toHex } from '../canonical/hash.ts';
import { parseLeaf } from '../ledger/entry.ts';
import type { LedgerLeaf } from '../ledger/entry.ts';
import { LedgerError } from '../ledger/error.ts';
import type { Checkpoint } from '../ledger/checkpoint.ts';
import { verifyInclusion } from '../ledger/proof.ts';
import { copyOf, leafHash } from '../ledger/tree.ts';
import { fromBase64 } from '../signing/base64.ts';
import type { ExportProblemCode } from './problem.ts';
import type { ExportPredicate, ProvenEntry, StatedApproval } from './statement.ts';

export type AddProblem = (code: ExportProblemCode, detail: string) => void;

/** The entries that are in the log under this checkpoint, by the hex hash of their leaf. */
export function provenEntries(
  entries: readonly ProvenEntry[],
  { size, root }: Checkpoint,
  sha256: Sha256,
  add: AddProblem,
): Map<string, LedgerLeaf> {
  const proven = new Map<string, LedgerLeaf>();
  for (const { leaf, index, proof } of entries) {
    const bytes = new TextEncoder().encode(leaf);
    const hash = copyOf(leafHash(bytes, sha256));
    const hashes = proof.map((text) => fromBase64(text) ?? new Uint8Array());
    if (!verifyInclusion({ leafHash: hash, index, size, root, proof: hashes }, sha256)) {
      add('proof_wrong', `entry ${index} is not in the log, as it stands here`);
      continue;
    }
    try {
      proven.set(toHex(hash), parseLeaf(bytes));
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      add('proof_wrong', `entry ${index} is no entry`);
    }
  }
  return proven;
}

/** Every approval that the statement names against the log, then all of them against what they had to come to. */
export function checkApprovals(
  { workspace, export_id, bundle, grant, quorum, mode, requested }: ExportPredicate,
  proven: ReadonlyMap<string, LedgerLeaf>,
  add: AddProblem,
): void {
  const heard = new Set<string>();
  for (const approval of grant.approvals) {
    const { actor, role, entry } = approval;
    const leaf = proven.get(entry);
    if (leaf === undefined) add('approval_unproven', `no entry of the log proves the word of ${actor} as ${role}`);
    else if (leaf.workspace_id !== workspace || leaf.object !== `export/${export_id}` || !says(leaf, approval, bundle))
      add('approval_differs', `the log says something else of ${actor} as ${role}`);
    if (heard.has(actor)) add('approval_repeated', `${actor} is counted twice`);
    heard.add(actor);
    if (actor === requested.by && !approval.single_operator) add('self_approval', `${actor} asked for it`);
  }
  const basis = grant.kind === 'override' ? grant.basis : grant;
  const leaves = [...proven.values()].filter((leaf) => leaf.workspace_id === workspace);
  if (grant.kind === 'override' && !isSpent(grant, export_id, leaves))
    add('grant_unproven', 'no entry of the log says that the override was for this');
  if (basis.kind === 'advisory' && mode === 'enforce')
    add('grant_refused', 'in mode enforce nothing is let through by advice');
  if (basis.kind === 'waiver' && !isWaived(basis, leaves))
    add('grant_unproven', 'no entry of the log says that it was waived');
  if (basis.kind !== 'approval') return;
  for (const { role, count } of unmet(quorum, grant.approvals))
    add('quorum_unmet', `${count} more of the role ${role} had to approve`);
}

const isSpent = (
  { override_id, ticket }: { override_id: string; ticket: string },
  export_id: string,
  leaves: readonly LedgerLeaf[],
): boolean =>
  leaves.some(
    ({ object, action, detail }) =>
      object === `override/${override_id}` &&
      action === 'override_spent' &&
      detail['export_id'] === export_id &&
      detail['ticket'] === ticket,
  );

const isWaived = (
  { waiver_id, digest }: { waiver_id: string; digest: string },
  leaves: readonly LedgerLeaf[],
): boolean =>
  leaves.some(
    ({ object, action, record_hash }) =>
      object === `waiver/${waiver_id}` && action === 'waiver_granted' && record_hash === digest,
  );

/** The entry of an approval names the person, the role that it counts for, the moment and the bundle. */
const says = (leaf: LedgerLeaf, { actor, role, at }: StatedApproval, { digest }: ExportPredicate['bundle']): boolean =>
  leaf.actor === actor && leaf.at === at && leaf.detail['role'] === role && leaf.detail['digest'] === digest;

/** Whether an entry says that the export was let through with this bundle. */
export const letsThrough = (leaf: LedgerLeaf, { workspace, export_id, bundle }: ExportPredicate): boolean =>
  leaf.workspace_id === workspace &&
  leaf.object === `export/${export_id}` &&
  leaf.action === 'export_begin' &&
  leaf.detail['state'] === 'exporting' &&
  leaf.detail['digest'] === bundle.digest;

function unmet(quorum: ExportPredicate['quorum'], approvals: readonly StatedApproval[]): ExportPredicate['quorum'] {
  if (approvals.some((approval) => approval.single_operator)) return [];
  const people = (role: string) => new Set(approvals.filter((a) => a.role === role).map((a) => a.actor)).size;
  return quorum.map(({ role, count }) => ({ role, count: count - people(role) })).filter(({ count }) => count > 0);
}
