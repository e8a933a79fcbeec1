// A secret is named by where it is, `file:/path`, `env:NAME` or `slot:NAME`; its value is in no request, row, entry or history.
import { isSlotName } from './slot.ts';

/** `previous` is the version before the current one: what a receiver still knows while a rotation overlaps. */
export type SecretVersion = 'current' | 'previous';

export type SlotRef = { kind: 'slot'; slot: string; which: SecretVersion };
export type SecretRef = { kind: 'file'; path: string } | { kind: 'env'; name: string } | SlotRef;

/** Our own variables are configuration, and some hold credentials that no adapter is to prove knowledge of. */
const ENV = /^env:(?!INTERLOCK_)([A-Z_][A-Z0-9_]{0,127})$/;
const FILE = /^file:(\/[^\u0000-\u001f\u007f]{1,1023})$/;
const SLOT = /^slot:([^@]*)(@previous)?$/;

/** The parsed reference, or null when it is none. */
export function parseSecretRef(text: string): SecretRef | null {
  const name = ENV.exec(text)?.[1];
  if (name !== undefined) return { kind: 'env', name };
  const [, slot, previous] = SLOT.exec(text) ?? [];
  if (slot !== undefined)
    return isSlotName(slot) ? { kind: 'slot', slot, which: previous === undefined ? 'current' : 'previous' } : null;
  const path = FILE.exec(text)?.[1];
  return path === undefined || path.split('/').includes('..') ? null : { kind: 'file', path };
}
