import { hash } from 'node:crypto';
import type { ExportKeys } from '../../domain/export/provenance-key.ts';
import { MOST_ENTRIES, envelopeText, PAYLOAD_TYPE, statedGrant } from '../../domain/export/statement.ts';
import { statementOf, statementPayload, subjectsOf } from '../../domain/export/statement.ts';
import type { ExportPredicate } from '../../domain/export/statement.ts';
import type { ExportBundle, ExportGrant } from '../../domain/export/types.ts';
import type { BundleManifest } from '../../domain/registry/manifest.ts';
import { envelopeOf, preAuthenticationEncoding } from '../../domain/signing/dsse.ts';

/** What the record says of an export that is to be sealed. */
export interface SealRequest {
  export_id: string;
  workspace_id: string;
  bundle: ExportBundle;
  manifest: BundleManifest;
  /** Hex, of the policy that its quorum is from. */
  policy_digest: string;
  mode: 'enforce' | 'advisory';
  quorum: readonly { role: string; count: number }[];
  grant: ExportGrant;
  requested: { by: string; on_behalf_of: string | null; at: string; reason: string; ticket: string | null };
}

/** Entries with their proofs under a signed checkpoint; hashes are base64, `leaf_hash` is hex. */
export interface LogProofs {
  origin: string;
  checkpoint: string;
  entries: { leaf_hash: string; leaf: string; index: number; proof: string[] }[];
}

export interface SealDeps {
  /** Null: not all that is required is under a signed checkpoint yet. */
  proofs: (wanted: { workspace_id: string; objects: string[]; required: string[] }) => Promise<LogProofs | null>;
  /** The public keys that go with the archive, as they are when it is signed. */
  keys: () => Promise<ExportKeys>;
  /** The instance's provenance key, as it is at this moment. */
  signer: () => { key_id: string; sign: (message: Uint8Array) => Uint8Array };
  /** RFC 3339 UTC. */
  now: () => string;
  /** Resolves after so many milliseconds; rejects when the work is to end. */
  wait: (ms: number) => Promise<void>;
  /** How often the log is looked at, 250 ms apart. */
  looks?: number | undefined;
}

/** `entries_unsequenced`: what it rests on is not in the signed log yet, which passes; `key_unlisted`: see `keys`. */
export class SealError extends Error {
  override readonly name = 'SealError';
  readonly code: 'entries_unsequenced' | 'key_unlisted';

  constructor(code: SealError['code']) {
    super(`export: ${code}`);
    this.code = code;
  }
}

const LOOKS = 40;
const LOOK_EVERY_MS = 250;
const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

/**
 * The signed statement of an export: the text of its envelope, and hex digest of that. It is another each time, so that it is
 * made once and kept: `keysTextOf` it and the manifest then give the same archive for ever. Waits ten seconds for the log to
 * sign what the export rests on. Errors: SealError.
 */
export async function sealExport(request: SealRequest, deps: SealDeps): Promise<{ statement: string; digest: string }> {
  const { origin, checkpoint, entries } = await signedProofs(request, deps);
  // The key first: one that is rotated meanwhile is still among those that are listed.
  const signer = deps.signer();
  const keys = await deps.keys();
  // A key that others cannot know of would make an export that nobody can verify.
  if (!keys.provenance.some((key) => key.key_id === signer.key_id)) throw new SealError('key_unlisted');
  const subject = subjectsOf({ ...request, keys }, sha256);
  const ledger = { origin, checkpoint, entries: entries.map(({ leaf, index, proof }) => ({ leaf, index, proof })) };
  const payload = statementPayload(statementOf(subject, predicateOf(request, keys, ledger, deps.now())));
  const signature = signer.sign(preAuthenticationEncoding(PAYLOAD_TYPE, payload));
  const statement = envelopeText(envelopeOf(PAYLOAD_TYPE, payload, [{ key_id: signer.key_id, signature }]));
  return { statement, digest: hash('sha256', statement) };
}

async function signedProofs({ workspace_id, export_id, grant }: SealRequest, deps: SealDeps): Promise<LogProofs> {
  const wanted = {
    workspace_id,
    objects: [`export/${export_id}`, ...lenient(grant)],
    required: [...new Set(grant.approvals.map((approval) => approval.entry))].slice(0, MOST_ENTRIES),
  };
  for (let look = 1; ; look += 1) {
    const found = await deps.proofs(wanted);
    if (found !== null && restsOn(found, wanted.objects, export_id)) return found;
    if (look >= (deps.looks ?? LOOKS)) throw new SealError('entries_unsequenced');
    await deps.wait(LOOK_EVERY_MS);
  }
}

/** What stood for an approval, and what lifted more. */
function lenient(grant: ExportGrant): string[] {
  const basis = grant.kind === 'override' ? grant.basis : grant;
  return [
    ...(grant.kind === 'override' ? [`override/${grant.override_id}`] : []),
    ...(basis.kind === 'waiver' ? [`waiver/${basis.waiver_id}`] : []),
  ];
}

/** Whether the log says that it was let through, and of each thing that it was let through by. */
function restsOn({ entries }: LogProofs, objects: readonly string[], export_id: string): boolean {
  const said = entries.map(({ leaf }) => JSON.parse(leaf) as { object: string; action: string });
  const begun = said.some(({ object, action }) => object === `export/${export_id}` && action === 'export_begin');
  return begun && objects.every((wanted) => said.some(({ object }) => object === wanted));
}

const predicateOf = (
  { export_id, workspace_id, bundle, manifest, policy_digest, mode, quorum, grant, requested }: SealRequest,
  keys: ExportKeys,
  ledger: ExportPredicate['ledger'],
  sealed_at: string,
): ExportPredicate => ({
  export_id,
  workspace: workspace_id,
  bundle: {
    name: bundle.name,
    version: bundle.version,
    digest: bundle.digest,
    transition_digest: bundle.transition_digest,
  },
  license: { id: manifest.license.id, sha256: manifest.license.sha256 },
  policy: { profile: manifest.policy_profile, hash: manifest.policy_hash, digest: policy_digest },
  mode,
  quorum: quorum.map(({ role, count }) => ({ role, count })),
  grant: statedGrant(grant),
  requested: {
    by: requested.by,
    on_behalf_of: requested.on_behalf_of,
    at: requested.at,
    reason_digest: hash('sha256', requested.reason),
    ticket: requested.ticket,
  },
  sealed_at,
  keys,
  ledger,
});
