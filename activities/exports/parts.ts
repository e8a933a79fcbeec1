import { PART_BYTES } from '../../domain/export/part.ts';

export interface Part {
  start: number;
  /** Good until the next part is asked for: one buffer serves them all. */
  bytes: Uint8Array;
}

/** Cuts a stream into parts of 8 MiB, the last one shorter, until `signal` aborts; then throws its reason. */
export async function* partsOf(stream: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Part> {
  const buffer = new Uint8Array(PART_BYTES);
  let start = 0;
  let filled = 0;
  for await (const chunk of stream) {
    signal.throwIfAborted();
    for (let at = 0; at < chunk.length;) {
      const taken = chunk.subarray(at, at + PART_BYTES - filled);
      buffer.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled < PART_BYTES) continue;
      yield { start, bytes: buffer };
      start += filled;
      filled = 0;
    }
  }
  if (filled > 0) yield { start, bytes: buffer.subarray(0, filled) };
}
