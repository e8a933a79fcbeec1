/** A change that runs beside histories recorded before it. It goes when `removeWhen` holds. */
export interface Patch {
  id: string;
  since: string;
  reason: string;
  removeWhen: string;
}

/** Every id given to `patched` or `deprecatePatch`. */
export const PATCHES: readonly Patch[] = [];
