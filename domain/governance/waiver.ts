// A waiver is one person's signed word, in a role they hold, for one bundle of one transition and a time; it stands in for an approval and for nothing else.
import { z } from 'zod';
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { may, ROLES } from '../identity/roles.ts';
import type { BundleManifest } from '../registry/manifest.ts';
import { isBundleName, isBundleVersion } from '../registry/manifest.ts';
import { digestName } from '../registry/digest.ts';
import type { DsseEnvelope } from '../signing/dsse.ts';
import { keyRefusal, OPERATOR_KEY_ID } from '../signing/operator-key.ts';
import type { KeyStanding } from '../signing/operator-key.ts';
import { readPayload } from '../signing/statement.ts';
import type { ExportReason } from '../export/types.ts';

/** The DSSE payload type of a waiver. */
export const WAIVER_TYPE = 'application/vnd.interlock.waiver+json';

/** What a waiver may be for, and the reason it lifts from an export. Whatever else blocks one, integrity above all, stays. */
export const WAIVER_SCOPES: Readonly<Record<string, ExportReason>> = { export_unapproved: 'approval_missing' };

/** A waiver is good for at most a week, by default for a day; in milliseconds. */
export const WAIVER_VALID_MS = { default: 24 * 3_600_000, most: 7 * 24 * 3_600_000 } as const;

/** UTF-8 bytes of a justification. */
export const JUSTIFICATION_BYTES = 8192;

/** How far a signer's clock may be ahead of the database's, in milliseconds. */
const CLOCK_SKEW_MS = 5 * 60_000;

const bytes = (text: string): number => new TextEncoder().encode(text).length;
const text = (max: number) =>
  z.string().refine((v) => v.trim() !== '' && bytes(v) <= max && v.isWellFormed() && !v.includes('\0'));
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** `identity` is a mail address. Digests are `sha256:…`, times RFC 3339 UTC. */
export const waiverStatement = z.strictObject({
  instance: text(256),
  workspace: text(63),
  bundle: z.strictObject({
    name: z.string().refine(isBundleName),
    version: z.string().refine(isBundleVersion),
    digest,
  }),
  transition_digest: digest,
  scope: text(64),
  justification: text(JUSTIFICATION_BYTES),
  license: digest,
  role: z.enum(ROLES),
  identity: z.string().regex(/^[\x21-\x3f\x41-\x7e]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$/),
  issued_at: z.iso.datetime(),
  not_after: z.iso.datetime(),
  key_id: z.string().regex(OPERATOR_KEY_ID),
});
export type WaiverStatement = z.infer<typeof waiverStatement>;

/** The waiver in the payload of an envelope, or null. */
export const readWaiver = (payload: Uint8Array): WaiverStatement | null => readPayload(payload, waiverStatement);

/** Hex; names a waiver by all that was signed and the signature: a stranger cannot guess at the justification by it. */
export const envelopeDigest = (envelope: DsseEnvelope, sha256: Sha256): string => hashCanonical(envelope, sha256);

/** A registered key and whose it is. */
export interface SigningHolder extends KeyStanding {
  user_id: string;
}

export type WaiverRefusal =
  | 'key_revoked'
  | 'key_expired'
  | 'key_of_another'
  | 'signed_for_another_instance'
  | 'signed_for_another_workspace'
  | 'scope_not_waivable'
  | 'not_permitted'
  | 'role_not_held'
  | 'identity_not_holder'
  | 'waiver_expired'
  | 'waiver_not_yet_valid'
  | 'waiver_valid_too_long';

/** Where a waiver arrived: from whom, and the database's clock. */
export interface WaiverArrival {
  instance: string | undefined;
  workspace_id: string;
  actor: string;
  now: string;
}

/** Users of the machine itself, who have no name of their own that an address could be compared with. */
const NAMELESS: readonly string[] = ['local-operator', 'admin-token'];

const isHolder = (identity: string, user: string): boolean =>
  NAMELESS.includes(user) || identity === user || identity.startsWith(`${user}@`);

/**
 * Why a waiver that its key did sign is refused, or null. The role and the identity in it are claims: the key proves them,
 * with the roles it was registered for and as whose.
 */
export function waiverRefusal(s: WaiverStatement, key: SigningHolder, at: WaiverArrival): WaiverRefusal | null {
  const standing = keyRefusal(key, at.now);
  if (standing !== null) return standing;
  if (key.user_id !== at.actor) return 'key_of_another';
  if (at.instance === undefined || s.instance !== at.instance) return 'signed_for_another_instance';
  if (s.workspace !== at.workspace_id) return 'signed_for_another_workspace';
  if (!Object.hasOwn(WAIVER_SCOPES, s.scope)) return 'scope_not_waivable';
  if (!may([s.role], 'waiver.grant')) return 'not_permitted';
  if (!key.roles.includes(s.role)) return 'role_not_held';
  if (!isHolder(s.identity, key.user_id)) return 'identity_not_holder';
  const now = Date.parse(at.now);
  if (Date.parse(s.not_after) <= now) return 'waiver_expired';
  if (Date.parse(s.issued_at) > now + CLOCK_SKEW_MS) return 'waiver_not_yet_valid';
  return Date.parse(s.not_after) - now > WAIVER_VALID_MS.most ? 'waiver_valid_too_long' : null;
}

/** What the registry has under the waiver's name and version; `digest` in hex. */
export interface RegisteredBundle {
  digest: string;
  manifest: Pick<BundleManifest, 'transition_digest' | 'license'>;
}

/** Why a waiver is not about this bundle, or null. */
export function bundleRefusal(
  s: WaiverStatement,
  bundle: RegisteredBundle | undefined,
): 'bundle_not_found' | 'bundle_differs' | 'license_differs' | null {
  if (bundle === undefined) return 'bundle_not_found';
  if (s.bundle.digest !== digestName(bundle.digest) || s.transition_digest !== bundle.manifest.transition_digest)
    return 'bundle_differs';
  return s.license === digestName(bundle.manifest.license.sha256) ? null : 'license_differs';
}
