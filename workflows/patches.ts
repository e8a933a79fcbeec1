/** A change that runs beside histories recorded before it. It goes when `removeWhen` holds. */
export interface Patch {
  id: string;
  since: string;
  reason: string;
  removeWhen: string;
}

/** Every id given to `patched` or `deprecatePatch`. */
export const PATCHES: readonly Patch[] = [
  {
    id: 'signed-signals',
    since: '2026-11-21',
    reason:
      'a signal that carries an envelope is taken to its transaction; before, an ack without operator was dropped',
    removeWhen: 'no ceremony that was started before is still running',
  },
];
