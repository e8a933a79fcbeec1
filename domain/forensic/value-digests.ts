// Two readings of what should be one payload are compared value by value, so that what was altered has a place.
import type { Path } from '../json/walk.ts';
import type { ForensicCrypto } from './crypto.ts';

/** The first bytes of a SHA-256: enough to find which value differs, where another hash has said that one does. */
const DIGEST = 8;

class DigestList {
  #bytes = new Uint8Array(64 * DIGEST);
  /** Whether the values are elements of an array. */
  elements = false;
  length = 0;

  add(digest: Uint8Array): void {
    const at = this.length * DIGEST;
    if (at === this.#bytes.length) {
      const grown = new Uint8Array(2 * at);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(digest.subarray(0, DIGEST), at);
    this.length += 1;
  }

  /** The first indexes at which the lists differ, at most `most`. */
  differences(other: DigestList, most: number): number[] {
    const found: number[] = [];
    const end = Math.max(this.length, other.length);
    for (let i = 0; i < end && found.length < most; i += 1)
      if (i >= this.length || i >= other.length || !this.#same(other, i * DIGEST)) found.push(i);
    return found;
  }

  #same(other: DigestList, at: number): boolean {
    for (let i = at; i < at + DIGEST; i += 1) if (this.#bytes[i] !== other.#bytes[i]) return false;
    return true;
  }
}

/** Digests of the values of a payload by the list or the member they stand in. */
export class ValueDigests {
  readonly #crypto: ForensicCrypto;
  readonly #lists = new Map<string, DigestList>();

  constructor(crypto: ForensicCrypto) {
    this.#crypto = crypto;
  }

  add(path: Path, canonical: string): void {
    const name = path.filter((step) => typeof step === 'string').join('.');
    let list = this.#lists.get(name);
    if (list === undefined) this.#lists.set(name, (list = new DigestList()));
    list.elements = typeof path.at(-1) === 'number';
    list.add(this.#crypto.sha256(this.#crypto.utf8(canonical)));
  }

  /** Places at which another reading differs, at most `most`: `incidents[3]`, `system_state.gates`. */
  differences(other: ValueDigests, most: number): string[] {
    const found: string[] = [];
    const none = new DigestList();
    for (const name of new Set([...this.#lists.keys(), ...other.#lists.keys()])) {
      const [here, there] = [this.#lists.get(name) ?? none, other.#lists.get(name) ?? none];
      for (const i of here.differences(there, most - found.length))
        found.push(here.elements || there.elements ? `${name}[${i}]` : name);
    }
    return found;
  }
}
