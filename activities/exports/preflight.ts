import { EXPORT_REASONS, OVERRIDABLE } from '../../domain/export/types.ts';
import type { ExportBundle, ExportReason } from '../../domain/export/types.ts';
import { digestName } from '../../domain/registry/digest.ts';
import type { BundleId, BundleManifest } from '../../domain/registry/manifest.ts';
import type { BlobSource } from './blob-source.ts';
import { requireManifest } from './registry.ts';
import type { RegisteredBundle, Registry } from './registry.ts';
import { RegistryError } from './registry-error.ts';
import type { ReadAirlock } from './types.ts';
import { within } from './within.ts';

export interface PreflightDeps {
  registry: Registry;
  /** The instance's own blobs: looked at where the registry does not answer for a bundle that came with the request. */
  store: BlobSource;
  airlock: ReadAirlock;
  /** Whether the gate `model` is open for `sha256:…`, by the record at this moment. */
  isReleased: (digest: string) => Promise<boolean>;
  /** Blobs that were looked at, and bytes that were read of them. */
  progress: (blobs: number, bytes: number) => void;
  signal: AbortSignal;
}

export interface Preflighted {
  /** Null: nothing says what the bundle is. */
  bundle: ExportBundle | null;
  manifest: BundleManifest | null;
  /** Each once, in the order of `EXPORT_REASONS`. */
  findings: ExportReason[];
}

const GATE_WITHIN_MS = 2_000;
/** What every further request would come to as well. */
const HOPELESS: readonly ExportReason[] = ['registry_unreachable', 'registry_auth_failed', 'blob_store_denied'];
/** SPDX for: no license is named. */
const UNNAMED = ['NONE', 'NOASSERTION'];
const UNPINNED = 'unpinned';

/**
 * Everything that stands against an export at this moment; it changes nothing, and whatever it meets is a finding. Each blob is
 * asked for its size and then read in full, once, against its digest. `given` is the manifest that came with the request.
 */
export async function preflight(id: BundleId, given: BundleManifest | null, deps: PreflightDeps): Promise<Preflighted> {
  const findings = new Set<ExportReason>();
  const registered = await found(() => deps.registry.bundle(id), findings);
  const stoodIn = given !== null && standsIn(findings);
  const stands = registered ?? (stoodIn ? await found(async () => requireManifest(id, given), findings) : undefined);
  if (!(await isOpen(deps.airlock))) findings.add('airlock_closed');
  if (stands === undefined) return { bundle: null, manifest: null, findings: ordered(findings) };
  const { bundle, manifest } = stands;
  for (const reason of saidOf(manifest)) findings.add(reason);
  for (const reason of await quarantined(stands, deps)) findings.add(reason);
  // Of a quarantined bundle nothing is given out, to us neither.
  if (!findings.has('model_quarantined'))
    for (const reason of await broken(manifest, registered === undefined ? deps.store : deps.registry, deps))
      findings.add(reason);
  return { bundle, manifest, findings: ordered(findings) };
}

/** Only what an override lifts is stood in for: a bundle that is there and not whole is not. */
const standsIn = (findings: ReadonlySet<ExportReason>): boolean =>
  [...findings].every((finding) => OVERRIDABLE.includes(finding));

const ordered = (findings: ReadonlySet<ExportReason>): ExportReason[] =>
  EXPORT_REASONS.filter((reason) => findings.has(reason));

async function found<T>(work: () => Promise<T>, findings: Set<ExportReason>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    findings.add(error.code);
    return undefined;
  }
}

/**
 * What the manifest itself lacks. (`policy_tainted` is not among it: a manifest names the policy that its bundle was made under
 * and cannot say that this policy was found tainted since; who knows is the policy's own record.)
 */
function saidOf({ license, policy_profile, blobs }: BundleManifest): ExportReason[] {
  const text = blobs.find((blob) => blob.sha256 === license.sha256);
  const named = license.id.trim() !== '' && !UNNAMED.includes(license.id.trim().toUpperCase());
  return [
    ...(named && text !== undefined && text.size > 0 ? [] : (['license_missing'] as const)),
    ...(policy_profile === UNPINNED ? (['profile_unpinned'] as const) : []),
  ];
}

async function quarantined(
  { bundle, manifest }: RegisteredBundle,
  { isReleased, signal }: PreflightDeps,
): Promise<ExportReason[]> {
  for (const digest of new Set([bundle.digest, ...manifest.blobs.map((blob) => blob.sha256)])) {
    signal.throwIfAborted();
    const released = await within(GATE_WITHIN_MS, () => isReleased(digestName(digest))).catch(() => false);
    if (!released) return ['model_quarantined'];
  }
  return [];
}

const isOpen = async (airlock: ReadAirlock): Promise<boolean> =>
  (await within(GATE_WITHIN_MS, airlock).catch(() => 'unknown')) === 'open';

/** What is wrong with the blobs: first whether they are all there, which is soon known, then whether they are whole. */
async function broken(
  manifest: BundleManifest,
  source: BlobSource,
  { progress, signal }: PreflightDeps,
): Promise<Set<ExportReason>> {
  const findings = new Set<ExportReason>();
  const blobs = [...new Map(manifest.blobs.map((blob) => [blob.sha256, blob])).values()];
  const lost = () => [...findings].some((finding) => HOPELESS.includes(finding));
  const there: typeof blobs = [];
  for (const blob of blobs) {
    signal.throwIfAborted();
    const size = await found(() => source.size(blob.sha256), findings);
    if (lost()) return findings;
    if (size === blob.size) there.push(blob);
    else if (size !== undefined) findings.add('blob_corrupt');
  }
  let bytes = 0;
  for (const [i, blob] of there.entries()) {
    await found(async () => {
      for await (const piece of source.read(blob.sha256, blob.size)) {
        signal.throwIfAborted();
        bytes += piece.length;
        progress(i, bytes);
      }
    }, findings);
    if (lost()) return findings;
  }
  progress(there.length, bytes);
  return findings;
}
