import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { formatCheckpoint } from '../../../domain/ledger/checkpoint.ts';
import type { KeyArchive } from '../../../domain/ledger/key-archive.ts';
import { KEY_ROTATED, signRotation } from '../../../domain/ledger/key-rotation.ts';
import type { KeySigner } from '../../../domain/ledger/key-rotation.ts';
import { formatNoteKey, noteKey, signNote } from '../../../domain/ledger/note.ts';
import { copyOf } from './log-copy.ts';

export const ORIGIN = 'test/1';

/** A key of the log by its number. */
export function signerOf(seed: number, origin = ORIGIN): KeySigner & { line: string } {
  const secret = new Uint8Array(32).fill(seed);
  const key = noteKey(origin, ed25519.getPublicKey(secret), sha256);
  return { key, sign: (message) => ed25519.sign(message, secret), line: formatNoteKey(key) };
}

const entry = (over: object): Uint8Array =>
  Buffer.from(
    canonicalJson({
      workspace_id: 'system',
      at: '2026-11-21T12:00:00.000Z',
      actor: 'sequencer',
      on_behalf_of: null,
      action: 'tested',
      object: 'test/1',
      record_hash: null,
      record_version: null,
      detail: {},
      policy_digest: null,
      ...over,
    }),
  );

export interface RotatedOptions {
  /** Changes what the log says of a rotation, by its number. */
  leaf?: (n: number, detail: Record<string, unknown>) => Record<string, unknown> | null;
}

/** A log whose key changed after every `every` entries, as often as there are further seeds; with its `key` and `keys`. */
export function rotatedLog(seeds: readonly number[], every = 40, { leaf }: RotatedOptions = {}) {
  const signers = seeds.map((seed) => signerOf(seed));
  const leaves: Uint8Array[] = [];
  const keys: KeyArchive['keys'] = [];
  signers.forEach((after, n) => {
    const before = signers[n - 1];
    let note: string | null = null;
    if (before !== undefined) {
      const { size, root } = copyOf(leaves);
      note = signRotation({ origin: ORIGIN, size, root }, [before, after]);
      const detail = { epoch: 1, generation: n + 1, old_key: before.line, new_key: after.line, note };
      const said = leaf === undefined ? detail : leaf(n, detail);
      leaves.push(said === null ? entry({}) : entry({ action: KEY_ROTATED, object: `log/${ORIGIN}`, detail: said }));
      const last = keys.at(-1);
      if (last !== undefined) last.to = leaves.length;
    }
    keys.push({ verifier_key: after.line, from: leaves.length, to: null, note, since: '2026-11-21T12:00:00.000Z' });
    for (let i = 0; i < every; i += 1) leaves.push(entry({ detail: { n, i } }));
  });
  const { size, root, files } = copyOf(leaves);
  const last = signers.at(-1)!;
  const checkpoint = signNote(formatCheckpoint({ origin: ORIGIN, size, root, extensions: [] }), last.key, last.sign);
  const archive: KeyArchive = { origin: ORIGIN, epoch: 1, keys, ended: [] };
  const all = new Map<string, Uint8Array>([...files].map(([path, bytes]) => [`tile/${path}`, bytes]));
  all.set('checkpoint', Buffer.from(checkpoint)).set('key', Buffer.from(`${last.line}\n`));
  all.set('keys', Buffer.from(JSON.stringify(archive)));
  return { signers, archive, size, root, leaves, files: all };
}
