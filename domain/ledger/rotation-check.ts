// The log itself says when its key changed: the statements in it lead from its first key to the one that signs, and it is as each says it was.
import type { Sha256 } from '../canonical/hash.ts';
import { parseLeaf } from './entry.ts';
import { LedgerError } from './error.ts';
import { KEY_ROTATED, openRotation } from './key-rotation.ts';
import type { KeyRotation } from './key-rotation.ts';
import { formatNoteKey } from './note.ts';
import type { NoteKey, VerifySignature } from './note.ts';
import type { Report } from './verify.ts';

export interface RotationCheckOptions {
  origin: string;
  sha256: Sha256;
  report: Report;
  verify?: VerifySignature;
}

/** Takes the leaves that may be rotations in their order, and says at the end whether they lead to the key that signs. */
export class RotationCheck {
  readonly #options: RotationCheckOptions;
  #last: string | undefined;
  /** Statements that were followed from the trusted key, and have yet to be met in the log. */
  readonly #followed = new Map<number, string>();
  /** How many statements the log has. */
  rotations = 0;

  constructor(options: RotationCheckOptions, followed: readonly KeyRotation[]) {
    this.#options = options;
    for (const { size, newKey } of followed) this.#followed.set(size, formatNoteKey(newKey));
  }

  leaf(index: number, bytes: Uint8Array): void {
    try {
      const { action, object, workspace_id, detail } = parseLeaf(bytes);
      const { origin, sha256, verify } = this.#options;
      if (action !== KEY_ROTATED || workspace_id !== 'system') return;
      if (object !== `log/${origin}` || typeof detail['note'] !== 'string')
        throw new LedgerError('note_malformed', 'it has no statement of this log');
      const { note, ...said } = detail;
      this.#follow(index, openRotation(note, sha256, verify), said);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.#tell('rotation_invalid', index, error.message);
    }
  }

  #follow(index: number, rotation: KeyRotation, said: Record<string, unknown>): void {
    const [before, after] = [formatNoteKey(rotation.oldKey), formatNoteKey(rotation.newKey)];
    this.rotations += 1;
    if (rotation.origin !== this.#options.origin || rotation.size !== index)
      throw new LedgerError('origin_mismatch', 'the statement is of another place');
    if (said['old_key'] !== before || said['new_key'] !== after)
      throw new LedgerError('key_malformed', 'the entry names other keys than its statement');
    if (this.#last !== undefined && this.#last !== before)
      throw new LedgerError('key_malformed', 'the key that hands over is not the one that took over before');
    this.#last = after;
    if (this.#followed.get(index) === after) this.#followed.delete(index);
  }

  /** After the last leaf; `key` signed the checkpoint over `size` leaves. */
  finish(key: NoteKey, size: number): void {
    for (const at of this.#followed.keys())
      this.#tell('rotation_missing', Math.min(at, Math.max(0, size - 1)), `the key changed after ${at} leaves`);
    if (this.#last !== undefined && this.#last !== formatNoteKey(key))
      this.#tell('rotation_missing', Math.max(0, size - 1), 'the last change of the key leads to another key');
  }

  #tell(code: 'rotation_invalid' | 'rotation_missing', at: number, detail: string): void {
    this.#options.report({ code, at, count: 1, detail });
  }
}
