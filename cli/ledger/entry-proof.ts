import { parseLeaf } from '../../domain/ledger/entry.ts';
import type { LedgerLeaf } from '../../domain/ledger/entry.ts';
import type { Checkpoint } from '../../domain/ledger/checkpoint.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import { formatNoteKey } from '../../domain/ledger/note.ts';
import type { NoteKey } from '../../domain/ledger/note.ts';
import { verifyConsistency, verifyInclusion } from '../../domain/ledger/proof.ts';
import { copyOf, leafHash, sameHash } from '../../domain/ledger/tree.ts';
import { fromBase64 } from '../../domain/signing/base64.ts';
import type { Client } from '../client.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { sharedSha256 } from '../sha256.ts';
import { LIMITS } from './log-files.ts';
import { readArchive, rotationsTo } from './log-key.ts';
import { servedLog } from './log-source.ts';
import { checkpointOf, keyOf } from './open-note.ts';
import type { Remembered } from './remembered.ts';
import type { Trust } from './trusted-key.ts';

/** What of an answer is verified; the rest of it is nobody's but the server's word. */
export interface ProofAnswer {
  leaf: string;
  proof: string[];
  checkpoint: string;
}

export interface ProvenEntry {
  answer: ProofAnswer;
  entry: LedgerLeaf;
  checkpoint: Checkpoint;
  /** The key line that the checkpoint was opened with. */
  key: string;
}

/** The log grows while one asks: how often a pair of proofs is asked for that are of the same checkpoint. */
const TRIES = 10;

const unproven = (message: string, code: string): CliError => new CliError(message, code, EXIT.no);

/**
 * The entry at an index, proven to be in the log that the key signed and that continues the remembered one.
 * Errors: those of the client; CliError `proof_wrong`, `remembered_mismatch`, `log_short`, `origin_mismatch`, or the code
 * of a LedgerError, for what proves nothing.
 */
export async function proveEntry(client: Client, index: number, trust: Trust): Promise<ProvenEntry> {
  try {
    const key = trust.key ?? keyOf(await client.bytes('/ledger/key', LIMITS.note));
    try {
      return await proveUnder(client, index, key, trust.remembered);
    } catch (error) {
      const replaced = trust.key !== undefined && error instanceof LedgerError && error.code === 'note_unsigned';
      const next = replaced ? await successorOf(client, key) : undefined;
      if (next === undefined) throw error;
      return await proveUnder(client, index, next, trust.remembered);
    }
  } catch (error) {
    if (error instanceof LedgerError) throw unproven(`the answer proves nothing: ${error.message}`, error.code);
    throw error;
  }
}

async function proveUnder(
  client: Client,
  index: number,
  key: NoteKey,
  remembered: Remembered | undefined,
): Promise<ProvenEntry> {
  const answer = await (remembered === undefined
    ? inclusionOf(client, index)
    : inclusionWithConsistency(client, index, { key, remembered }));
  const checkpoint = checkpointOf(Buffer.from(answer.checkpoint), [key]);
  const leaf = Buffer.from(answer.leaf);
  const { size, root } = checkpoint;
  const proof = hashes(answer.proof);
  const claim = { leafHash: copyOf(leafHash(leaf, sharedSha256)), index, size, root, proof };
  if (!verifyInclusion(claim, sharedSha256))
    throw unproven(`the proof does not lead from entry ${index} to the signed root`, 'proof_wrong');
  return { answer, entry: parseLeaf(leaf), checkpoint, key: formatNoteKey(key) };
}

/** The key of the log, where signed statements lead to it from `trusted`; undefined where none do. Errors: CliError. */
async function successorOf(client: Client, trusted: NoteKey): Promise<NoteKey | undefined> {
  try {
    const own = keyOf(await client.bytes('/ledger/key', LIMITS.note));
    const followed = rotationsTo(own, trusted, await readArchive(servedLog(client, '/ledger')));
    return followed?.at(-1)?.newKey;
  } catch (error) {
    if (error instanceof LedgerError) return undefined;
    throw error;
  }
}

async function inclusionOf(client: Client, index: number): Promise<ProofAnswer> {
  const { body } = await client.get<Partial<ProofAnswer> | null>('/v1/ledger/proof', { query: { index } });
  const { leaf, proof, checkpoint } = body ?? {};
  if (typeof leaf !== 'string' || typeof checkpoint !== 'string' || !Array.isArray(proof))
    throw new LedgerError('proof_malformed', 'there is no proof in it');
  return body as ProofAnswer;
}

/** A proof of the same checkpoint as the proof that this continues the remembered one. */
async function inclusionWithConsistency(
  client: Client,
  index: number,
  { key, remembered }: { key: NoteKey; remembered: Remembered },
): Promise<ProofAnswer> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const answer = await inclusionOf(client, index);
    const checkpoint = checkpointOf(Buffer.from(answer.checkpoint), [key]);
    requireLater(checkpoint, remembered);
    const query = { from: remembered.size };
    const { body } = await client.get<{ proof?: unknown; checkpoint?: unknown } | null>('/v1/ledger/consistency', {
      query,
    });
    if (typeof body?.checkpoint !== 'string' || !Array.isArray(body.proof))
      throw new LedgerError('proof_malformed', 'there is no proof of consistency in it');
    const { size, root } = checkpointOf(Buffer.from(body.checkpoint), [key]);
    if (size !== checkpoint.size) continue;
    const claim = { from: remembered.size, size, fromRoot: remembered.root, root, proof: hashes(body.proof) };
    if (sameHash(root, checkpoint.root) && verifyConsistency(claim, sharedSha256)) return answer;
    throw unproven('the log is no continuation of the remembered one', 'remembered_mismatch');
  }
  throw new CliError('the log grew between every two answers; try again', 'log_moving', EXIT.unreachable);
}

function requireLater({ origin, size }: Checkpoint, remembered: Remembered): void {
  if (origin !== remembered.origin) throw unproven(`the log is ${origin}, not ${remembered.origin}`, 'origin_mismatch');
  if (size < remembered.size) throw unproven(`the log has ${size} entries, it had ${remembered.size}`, 'log_short');
}

const hashes = (list: readonly unknown[]): Uint8Array[] =>
  list.map((text) => {
    const bytes = typeof text === 'string' ? fromBase64(text) : null;
    if (bytes === null) throw new LedgerError('proof_malformed', 'it holds what is no hash');
    return bytes;
  });
