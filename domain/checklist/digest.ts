// A checklist is named by what it says: whoever reviewed it knows a changed one from it, whatever a server calls it.
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import type { Checklist } from './checklist.ts';

/** Lowercase hex; how an incident stands in it says nothing of it. */
export function checklistDigest({ name, title, rows, variables, steps }: Checklist, sha256: Sha256): string {
  const said = steps.map((step) => Object.fromEntries(Object.entries(step).filter(([key]) => key !== 'taken')));
  return hashCanonical({ name, title, rows, variables, steps: said }, sha256);
}
