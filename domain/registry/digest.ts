// A blob is named by its content and by nothing else: `sha256:` and 64 lowercase hex digits.

const NAME = /^sha256:([0-9a-f]{64})$/;

/** The hex digits of `sha256:…`; undefined for anything else. */
export const digestHex = (name: unknown): string | undefined =>
  typeof name === 'string' ? NAME.exec(name)?.[1] : undefined;

/** As gates, holds and requests write it. */
export const digestName = (hex: string): string => `sha256:${hex}`;
