// Audit entries are leaves of the log: with the hashes of the leaves between them they have the root that the log signed.
import { concatBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from '../canonical/json.ts';
import { parseCheckpoint } from '../ledger/checkpoint.ts';
import type { Checkpoint } from '../ledger/checkpoint.ts';
import { LedgerError } from '../ledger/error.ts';
import { openNote, parseNote } from '../ledger/note.ts';
import type { NoteKey } from '../ledger/note.ts';
import { PartialTree } from '../ledger/partial-tree.ts';
import { fromBase64, toBase64 } from '../signing/base64.ts';
import type { ForensicCrypto } from './crypto.ts';
import type { ProblemList } from './problem.ts';

/** What a bundle's `ledger` says. `hashes` are those of the leaves that are not in the bundle. */
export interface LedgerMember {
  checkpoint?: unknown;
  first?: unknown;
  size?: unknown;
  hashes: unknown[];
}

const LEAF = Uint8Array.of(0);
const MEMBERS = ['entry', 'id', 'index', 'leaf_hash'];

export class LogCheck {
  entries = 0;
  readonly #crypto: ForensicCrypto;
  readonly #problems: ProblemList;
  readonly #trees = new Map<string, { tree: PartialTree; entries: number }>();

  constructor(crypto: ForensicCrypto, problems: ProblemList) {
    this.#crypto = crypto;
    this.#problems = problems;
  }

  /** Takes the next element of `audit_entries`; returns its entry, undefined for what is none. */
  entry(where: string, element: unknown): Record<string, unknown> | undefined {
    this.entries += 1;
    const members: Record<string, unknown> = typeof element === 'object' ? { ...element } : {};
    const { entry, id, index, leaf_hash } = members;
    const known = Object.keys(members).every((name) => MEMBERS.includes(name));
    if (!known || typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      this.#problems.add('malformed', where, 'is no audit entry');
      return undefined;
    }
    const hash = this.#crypto.sha256(concatBytes(LEAF, this.#crypto.utf8(canonicalJson(entry))));
    if (leaf_hash !== toBase64(hash)) this.#problems.add('entry_altered', where, 'is not what its leaf hash is of');
    if (index !== undefined || id !== undefined) this.#place(where, id, index, hash);
    return entry as Record<string, unknown>;
  }

  #place(where: string, id: unknown, index: unknown, hash: Uint8Array): void {
    const [epoch = '', place] = typeof id === 'string' ? id.split('-') : [];
    const at = this.#trees.get(epoch) ?? { tree: new PartialTree(this.#crypto.sha256), entries: 0 };
    this.#trees.set(epoch, at);
    // The leaf that is there counts, so that a wrong `leaf_hash` alone is one problem and not two.
    if (place !== String(index) || !at.tree.add(Number(index), hash))
      this.#problems.add('proofs_invalid', where, 'has no place behind the entry before it');
    else at.entries += 1;
  }

  /**
   * Holds the entries against the checkpoint. With `keys` its signature must be of one of them; `vouched` says that the
   * bundle's own signature is good. Returns the checkpoint and
   * how many entries it covers, null when it cannot be read.
   */
  judge(
    ledger: LedgerMember,
    keys: readonly NoteKey[] | null,
    vouched: boolean,
  ): { checkpoint: Checkpoint; proven: number } | null {
    const checkpoint = this.#checkpoint(ledger.checkpoint, keys);
    if (checkpoint === null) return null;
    const epoch = checkpoint.origin.slice(checkpoint.origin.lastIndexOf('/') + 1);
    const { tree, entries } = this.#trees.get(epoch) ?? { tree: new PartialTree(this.#crypto.sha256), entries: 0 };
    const { from, to } = tree.range;
    if (ledger.first !== from || ledger.size !== to - from)
      this.#problems.add(
        'proofs_invalid',
        'ledger.proofs',
        `the entries are not ${String(ledger.first)} and following`,
      );
    const hashes = ledger.hashes.map((hash) => (typeof hash === 'string' ? fromBase64(hash) : null));
    if (hashes.some((hash) => hash?.length !== 32)) {
      this.#problems.add('proofs_invalid', 'ledger.proofs.hashes', 'holds something else than hashes');
      return { checkpoint, proven: 0 };
    }
    const root = tree.root(checkpoint.size, hashes as Uint8Array[]);
    const same = root?.every((byte, i) => byte === checkpoint.root[i]) ?? false;
    // Where the entries are what was signed it is the proofs that are not.
    if (!same && vouched)
      this.#problems.add('proofs_invalid', 'ledger.proofs', 'do not lead from the entries to the root');
    else if (!same) this.#problems.add('entries_not_in_log', 'audit_entries', 'do not have the root that was signed');
    return { checkpoint, proven: same ? entries : 0 };
  }

  #checkpoint(note: unknown, keys: readonly NoteKey[] | null): Checkpoint | null {
    try {
      if (typeof note !== 'string') throw new LedgerError('note_malformed', 'there is no note');
      const text = keys === null ? parseNote(note).text : openNote(note, keys);
      return parseCheckpoint(text);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.#problems.add('checkpoint_invalid', 'ledger.checkpoint', error.message);
      return null;
    }
  }
}
