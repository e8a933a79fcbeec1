// A slot is a name under which a secret is rotated: references keep the name, values change behind it.

/** `subject` slots are leased and close with the vault; `control` slots are read by workers only and stay usable. */
export const SLOT_CLASSES = ['subject', 'control'] as const;
export type SlotClass = (typeof SLOT_CLASSES)[number];

const SLOT_NAME = /^[a-z0-9][a-z0-9._-]{0,127}$/;
const SLOT_KIND = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** UTF-8 bytes of a value; twice as much still fits into a request after escaping. */
export const VALUE_BYTES = 16 * 1024;

export const DEFAULT_KIND = 'generic';
/** Who says nothing gets the class that closes. */
export const DEFAULT_CLASS: SlotClass = 'subject';

export const isSlotName = (text: string): boolean => SLOT_NAME.test(text);
export const isSlotKind = (text: string): boolean => SLOT_KIND.test(text);
export const isSlotClass = (value: unknown): value is SlotClass => SLOT_CLASSES.includes(value as SlotClass);
