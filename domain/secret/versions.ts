// Of a slot's versions one is in force; one before it may still count, one after it may wait: a rotation moves these marks, never a value.

/** Which version is which. Null where there is none. */
export interface SlotVersions {
  current: number;
  /** Counts beside the current one wherever `@previous` is named. */
  previous: number | null;
  staged: number | null;
}

/**
 * `cut_over` puts the staged version in force and keeps the one before as the previous one; `put_back` is its undoing;
 * `withdraw` ends the previous one; `destroy` is of a version that is not in force.
 */
export type Move =
  { kind: 'cut_over' | 'put_back'; from: number; to: number } | { kind: 'withdraw' | 'destroy'; version: number };

/**
 * The marks after a move. A move that was made already comes to the same; null when somebody else has moved them meanwhile,
 * or when the version in force would be destroyed.
 */
export function moved(at: SlotVersions, move: Move): SlotVersions | null {
  switch (move.kind) {
    case 'cut_over':
      if (at.current === move.to) return at;
      return at.current === move.from && at.staged === move.to
        ? { current: move.to, previous: move.from, staged: null }
        : null;
    case 'put_back':
      if (at.current === move.from) return at;
      return at.current === move.to ? { current: move.from, previous: null, staged: at.staged ?? move.to } : null;
    case 'withdraw':
      return at.previous === move.version ? { ...at, previous: null } : at;
    case 'destroy':
      if (at.current === move.version) return null;
      return {
        current: at.current,
        previous: at.previous === move.version ? null : at.previous,
        staged: at.staged === move.version ? null : at.staged,
      };
    default: {
      const unknown: never = move;
      throw new Error(`unknown move ${JSON.stringify(unknown)}`);
    }
  }
}
