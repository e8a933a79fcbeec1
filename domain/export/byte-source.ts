// Bytes that come in pieces of any size are read by number, none of them kept longer than it is looked at.

export class ByteSource {
  /** How many were taken. */
  at = 0;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #ahead: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `count` bytes, fewer at the end; they are still to be taken. */
  async peek(count: number): Promise<Uint8Array> {
    while (this.#ahead.length < count) {
      const next = await this.#chunks.next();
      if (next.done === true) break;
      const joined = new Uint8Array(this.#ahead.length + next.value.length);
      joined.set(this.#ahead);
      joined.set(next.value, this.#ahead.length);
      this.#ahead = joined;
    }
    return this.#ahead.subarray(0, count);
  }

  /** Takes `count` bytes, in pieces; fewer where it ends before. Without a count: all that is left. */
  async *take(count = Infinity): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0;) {
      const ready = await this.peek(1);
      if (ready.length === 0) return;
      const piece = this.#ahead.subarray(0, left);
      this.#ahead = this.#ahead.subarray(piece.length);
      this.at += piece.length;
      left -= piece.length;
      yield piece;
    }
  }

  async skip(count: number): Promise<void> {
    const pieces = this.take(count);
    while ((await pieces.next()).done !== true);
  }
}
