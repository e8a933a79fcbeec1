// `canonical_payload` is the bytes that were hashed, so that nobody has to write them again to verify the hash.
import { walksPayload } from './bundle.ts';
import { toHex } from '../canonical/hash.ts';
import { JsonWalker } from '../json/walk.ts';
import type { ForensicCrypto, HashStream } from './crypto.ts';
import { ValueDigests } from './value-digests.ts';

/** Reads the base64 of a canonical payload in pieces. */
export class PayloadCopy {
  readonly digests: ValueDigests;
  readonly #crypto: ForensicCrypto;
  readonly #hash: HashStream;
  readonly #text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #walker: JsonWalker;
  #rest = '';
  #ended = false;
  #spelled = true;
  #legible = true;

  constructor(crypto: ForensicCrypto) {
    this.#crypto = crypto;
    this.#hash = crypto.stream();
    this.digests = new ValueDigests(crypto);
    const nothing = () => undefined;
    this.#walker = new JsonWalker({
      walks: walksPayload,
      streams: () => false,
      enter: nothing,
      leave: nothing,
      piece: nothing,
      value: (path, text) => this.digests.add(path, text),
    });
  }

  push(piece: string): void {
    const text = this.#rest + piece;
    const whole = text.length - (text.length % 4);
    this.#rest = text.slice(whole);
    if (whole > 0) this.#take(text.slice(0, whole));
  }

  #take(base64: string): void {
    const bytes = this.#crypto.fromBase64(base64);
    // Padding ends it: a second end would be a second spelling.
    if (bytes === null || this.#ended) {
      this.#spelled = false;
      return;
    }
    this.#ended = base64.endsWith('=');
    this.#hash.update(bytes);
    if (!this.#legible) return;
    try {
      this.#walker.push(this.#text.decode(bytes, { stream: true }));
    } catch {
      // The hash says that it is another; only where cannot be told any more.
      this.#legible = false;
    }
  }

  /** Hex SHA-256 of the bytes, null when they are not base64. */
  digest(): string | null {
    return this.#spelled && this.#rest === '' ? toHex(this.#hash.digest()) : null;
  }

  /** Whether it is JSON to its end, so that its values can be compared. */
  get legible(): boolean {
    return this.#legible && this.#walker.complete;
  }
}
