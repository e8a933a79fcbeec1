// An export is what its statement says, and the statement is believed by a key that the reader knows: no server is asked.
import { archiveTime, FOLDER, KEYS, MANIFEST } from './archive.ts';
import { readExportArchive } from './archive-reader.ts';
import type { Plan } from './archive-reader.ts';
import type { Sha256 } from '../canonical/hash.ts';
import type { HashStream } from '../forensic/crypto.ts';
import type { ExportProblem } from './problem.ts';
import { checkProof } from './proof-check.ts';
import type { ExportTrust, ProofFiles, ProofVerdict } from './proof-check.ts';

export interface ExportCrypto {
  sha256: Sha256;
  /** SHA-256 of bytes that come in pieces. */
  stream: () => HashStream;
}

export interface ExportVerdict extends Omit<ProofVerdict, 'problems'> {
  /** By the byte at which they are. */
  problems: ExportProblem[];
  /** Files of the bundle that were read and are what the manifest says. */
  good_files: number;
  bytes: number;
}

const NOTHING: Omit<ProofVerdict, 'problems'> = {
  statement: undefined,
  bundle: undefined,
  signed_by: [],
  trusted_by: 'none',
  checkpoint: undefined,
  proven_entries: 0,
};

/** Everything that is wrong with an archive, and by what it is proved. Never throws on what the archive holds. */
export async function verifyExport(
  chunks: AsyncIterable<Uint8Array>,
  trust: ExportTrust,
  { sha256, stream }: ExportCrypto,
): Promise<ExportVerdict> {
  let proof: ProofVerdict = { ...NOTHING, problems: [] };
  const plan = (files: ProofFiles): Plan => {
    proof = checkProof(files, trust, sha256);
    return planOf(proof);
  };
  const { problems, starts, good, bytes } = await readExportArchive(chunks, plan, stream);
  const placed = proof.problems.map((problem) => ({ ...problem, at: starts.get(problem.member) ?? 0 }));
  const all = [...placed, ...problems].sort((a, b) => a.at - b.at);
  return { ...proof, problems: all, good_files: good, bytes };
}

/** What has to follow: by the manifest, where it is the one that was signed; else by what the statement names. */
function planOf({ bundle, statement }: ProofVerdict): Plan {
  if (bundle !== undefined) {
    const { manifest } = bundle;
    return {
      members: manifest.blobs.map(({ path, size, sha256 }) => ({ path: FOLDER + path, size, sha256 })),
      mtime: archiveTime(manifest),
    };
  }
  const files = (statement?.subject ?? []).filter(({ name }) => name !== MANIFEST && name !== KEYS);
  return { members: files.map(({ name, digest }) => ({ path: name, size: null, sha256: digest.sha256 })), mtime: null };
}
