// An archive travels in whole parts of one size: where one begins follows from its number, whoever sends it.

/** Bytes of every part but the last; what a sender holds of an archive at any moment. */
export const PART_BYTES = 8 * 1024 * 1024;

/** How much of `bytes` is whole parts. */
export const wholeParts = (bytes: number): number => bytes - (bytes % PART_BYTES);
