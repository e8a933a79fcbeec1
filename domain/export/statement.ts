// What an instance says of an export is one in-toto statement: which bytes, from what, by whose word, and where the log has it.
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import type { Sha256 } from '../canonical/hash.ts';
import { toHex } from '../canonical/hash.ts';
import { canonicalJson } from '../canonical/json.ts';
import { parseStrictJson } from '../json/strict-json.ts';
import { decodeUtf8Strict } from '../json/utf8.ts';
import { BLOBS_PER_BUNDLE, bundleText, isBundleName, isBundleVersion } from '../registry/manifest.ts';
import type { BundleId, BundleManifest } from '../registry/manifest.ts';
import { fromBase64 } from '../signing/base64.ts';
import { dsseEnvelopeSchema } from '../signing/dsse.ts';
import type { DsseEnvelope } from '../signing/dsse.ts';
import { readPayload } from '../signing/statement.ts';
import { FOLDER, KEYS, MANIFEST } from './archive.ts';
import { exportKeysSchema, exportKeysText } from './provenance-key.ts';
import type { ExportKeys } from './provenance-key.ts';
import { EXPORT_REASONS } from './types.ts';
import type { Approval, ExportGrant, GrantBasis } from './types.ts';

/** in-toto Attestation Framework, Statement v1; the DSSE payload type is in-toto's. */
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
export const PREDICATE_TYPE = 'urn:interlock:export:v1';

const MOST_APPROVALS = 64;
/** Entries that an export rests on: its own, and those of its waiver or override. */
export const MOST_ENTRIES = 128;

const text = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((value) => value.isWellFormed() && !value.includes('\0'));
const hex = z.string().regex(/^[0-9a-f]{64}$/);
const digestName = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const instant = z.iso.datetime();

const approval = z.strictObject({
  actor: text(256),
  role: text(64),
  at: instant,
  entry: hex,
  /** The one person of loopback trust, who stands for the whole quorum. */
  single_operator: z.boolean(),
});
export type StatedApproval = z.infer<typeof approval>;
const approvals = z.array(approval).max(MOST_APPROVALS);
const BASES = {
  approval: { kind: z.literal('approval') },
  waiver: { kind: z.literal('waiver'), waiver_id: text(256), digest: text(128) },
  advisory: { kind: z.literal('advisory'), would_block: z.array(z.enum(EXPORT_REASONS)).max(EXPORT_REASONS.length) },
};
const basis = z.discriminatedUnion('kind', [
  z.strictObject(BASES.approval),
  z.strictObject(BASES.waiver),
  z.strictObject(BASES.advisory),
]);
const grant = z.discriminatedUnion('kind', [
  z.strictObject({ ...BASES.approval, approvals }),
  z.strictObject({ ...BASES.waiver, approvals }),
  z.strictObject({ ...BASES.advisory, approvals }),
  z.strictObject({ kind: z.literal('override'), override_id: text(256), ticket: text(256), basis, approvals }),
]);

const stated = (given: readonly (Approval & { single_operator?: boolean })[]): StatedApproval[] =>
  given.map(({ actor, role, at, entry, single_operator = false }) => ({ actor, role, at, entry, single_operator }));

/** A grant as the statement has it, without whatever else the record keeps beside it. */
export function statedGrant(of: ExportGrant): z.infer<typeof grant> {
  const approvals = stated(of.approvals);
  if (of.kind !== 'override') return { ...statedBasis(of), approvals };
  return { kind: of.kind, override_id: of.override_id, ticket: of.ticket, basis: statedBasis(of.basis), approvals };
}

function statedBasis(of: GrantBasis): GrantBasis {
  switch (of.kind) {
    case 'approval':
      return { kind: of.kind };
    case 'waiver':
      return { kind: of.kind, waiver_id: of.waiver_id, digest: of.digest };
    case 'advisory':
      return { kind: of.kind, would_block: [...of.would_block] };
    default: {
      const unknown: never = of;
      throw new Error(`unknown grant ${JSON.stringify(unknown)}`);
    }
  }
}

/** A ledger entry, its place, and the way from it to the root of the checkpoint (RFC 9162 §2.1.3, base64). */
const provenEntry = z.strictObject({
  leaf: text(8192),
  index: z.int().min(0),
  proof: z.array(z.string().length(44)).max(64),
});
export type ProvenEntry = z.infer<typeof provenEntry>;

const predicate = z.strictObject({
  export_id: text(256),
  workspace: text(256),
  bundle: z.strictObject({
    name: z.string().refine(isBundleName),
    version: z.string().refine(isBundleVersion),
    digest: hex,
    transition_digest: digestName,
  }),
  license: z.strictObject({ id: text(256), sha256: hex }),
  policy: z.strictObject({ profile: text(64), hash: digestName, digest: hex }),
  mode: z.enum(['enforce', 'advisory']),
  /** What the approvals had to come to. */
  quorum: z.array(z.strictObject({ role: text(64), count: z.int().min(1).max(MOST_APPROVALS) })).max(16),
  grant,
  requested: z.strictObject({
    by: text(256),
    on_behalf_of: text(256).nullable(),
    at: instant,
    /** Of the reason, which stays in the record; hex. */
    reason_digest: hex,
    ticket: text(256).nullable(),
  }),
  sealed_at: instant,
  /** What stands beside the statement as a file: so the archive follows from the statement and the manifest. */
  keys: exportKeysSchema,
  ledger: z.strictObject({
    /** Whose log: `<instance>/<epoch>`. */
    origin: text(256),
    /** C2SP tlog-checkpoint, as signed note. */
    checkpoint: text(8192),
    entries: z.array(provenEntry).max(MOST_ENTRIES),
  }),
});

/** Digests are hex but for those that are written `sha256:…` wherever they stand; times are RFC 3339 UTC. */
export type ExportPredicate = z.infer<typeof predicate>;

const statement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  /** Every file of the archive but the statement, by its path in it. */
  subject: z
    .array(z.strictObject({ name: text(2048), digest: z.strictObject({ sha256: hex }) }))
    .min(3)
    .max(BLOBS_PER_BUNDLE + 2),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate,
});
export type ExportStatement = z.infer<typeof statement>;

/** What the statement is about: the bundle's manifest, the keys as they stand beside it, and every file of the bundle. */
export function subjectsOf(
  { bundle, manifest, keys }: { bundle: BundleId; manifest: BundleManifest; keys: ExportKeys },
  sha256: Sha256,
): ExportStatement['subject'] {
  const digestOf = (of: string) => toHex(sha256(utf8ToBytes(of)));
  const named = (name: string, digest: string) => ({ name, digest: { sha256: digest } });
  return [
    named(MANIFEST, digestOf(bundleText(bundle, manifest))),
    named(KEYS, digestOf(exportKeysText(keys))),
    ...manifest.blobs.map((blob) => named(FOLDER + blob.path, blob.sha256)),
  ];
}

/** The statement with its fixed members. */
export const statementOf = (subject: ExportStatement['subject'], of: ExportPredicate): ExportStatement => ({
  _type: STATEMENT_TYPE,
  subject,
  predicateType: PREDICATE_TYPE,
  predicate: of,
});

/** The text of the envelope that a signer made of a statement, canonical: what is kept on record and sent. */
export const envelopeText = (envelope: DsseEnvelope): string => canonicalJson(envelope);

/** The text of the keys beside an envelope as it is on record; null for what is no envelope of a statement. */
export function keysTextOf(envelope: string): string | null {
  try {
    const payload = fromBase64(dsseEnvelopeSchema.parse(parseStrictJson(envelope)).payload);
    const read = payload === null ? null : readExportStatement(payload);
    return read === null ? null : exportKeysText(read.predicate.keys);
  } catch {
    return null;
  }
}

/** The payload of the envelope, RFC 8785. Throws ZodError for what could not be read back, CanonicalError. */
export const statementPayload = (of: ExportStatement): Uint8Array => utf8ToBytes(canonicalJson(statement.parse(of)));

/** The statement in a payload; null for bytes that are none, or that spell one otherwise. Never throws. */
export function readExportStatement(payload: Uint8Array): ExportStatement | null {
  const read = readPayload(payload, statement);
  return read !== null && canonicalJson(read) === decodeUtf8Strict(payload) ? read : null;
}
