// An archive says what is in it, what is not and why, and a ledger entry says which archive it is: the manifest is the one thing to prove.
import { z } from 'zod';
import { decodeUtf8Strict } from '../json/utf8.ts';
import { isArchivePath } from './tar.ts';

export const MANIFEST = 'MANIFEST.json';
/** Stands beside the manifest, for it proves the manifest: the ledger entry with its digest, and where the log has it. */
export const MANIFEST_PROOF = 'MANIFEST.proof.json';
/** The ledger entries about the incident, each with its proof. */
export const PROOFS = 'ledger/proofs.json';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);

const manifestSchema = z.strictObject({
  format: z.literal('interlock-evidence/1'),
  incident: z.string().min(1),
  collected_at: z.iso.datetime(),
  collected_by: z.strictObject({
    workspace_id: z.string(),
    actor: z.string(),
    on_behalf_of: z.string().nullable(),
    roles: z.array(z.string()),
  }),
  server: z.string(),
  /** The key line of the log, as the log says it of itself. */
  log_key: z.string().nullable(),
  /** In the order they were collected. */
  files: z.array(
    z.strictObject({
      path: z.string().refine(isArchivePath),
      sha256: digest,
      bytes: count,
      at: z.iso.datetime(),
      source: z.string(),
      /** How many secrets were replaced in it. */
      redactions: count,
      /** Of what the server stored, where the file is that. */
      stored_sha256: digest.optional(),
    }),
  ),
  absent: z.array(z.strictObject({ what: z.string(), why: z.string() })),
});

export type EvidenceManifest = z.infer<typeof manifestSchema>;
export type EvidenceFile = EvidenceManifest['files'][number];

/** The manifest in these bytes; undefined for what is none. */
export function parseManifest(bytes: Uint8Array): EvidenceManifest | undefined {
  try {
    return manifestSchema.safeParse(JSON.parse(decodeUtf8Strict(bytes))).data;
  } catch {
    return undefined;
  }
}

const proofSchema = z.strictObject({
  epoch: count,
  index: count,
  leaf: z.string(),
  /** RFC 9162 §2.1.3, base64. */
  proof: z.array(z.string()),
  /** C2SP tlog-checkpoint, signed. */
  checkpoint: z.string(),
});
export const proofsSchema = z.array(proofSchema);

/** A ledger entry and the way from it to a signed root. */
export type EntryProof = z.infer<typeof proofSchema>;

export const parseProof = (value: unknown): EntryProof | undefined => proofSchema.safeParse(value).data;
