// A log of a million records is verified in tens of megabytes: of each name 16 bytes of its SHA-256 are kept, and a few numbers.
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { Sha256 } from '../canonical/hash.ts';

const KEY = 16;
/** Numbers of a row. */
const WIDTH = 3;
/** What a number is before it is set. */
export const UNSET = -1;

/** Rows of three numbers and 16 bytes under names; a row is its number, which stays. */
export class DigestTable {
  readonly #sha256: Sha256;
  #slots = new Int32Array(1024).fill(-1);
  #keys = new Uint8Array(512 * KEY);
  #bytes = new Uint8Array(512 * KEY);
  #numbers = new Float64Array(512 * WIDTH);
  #size = 0;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  get size(): number {
    return this.#size;
  }

  /** The row of a name, made where there is none. */
  put(name: string): number {
    const key = this.#sha256(utf8ToBytes(name)).slice(0, KEY);
    const slot = this.#slotOf(key);
    const found = this.#slots[slot] as number;
    if (found !== -1) return found;
    const row = this.#size;
    if ((row + 1) * KEY > this.#keys.length) this.#grow();
    this.#size += 1;
    this.#keys.set(key, row * KEY);
    this.#numbers.fill(UNSET, row * WIDTH, (row + 1) * WIDTH);
    this.#slots[this.#slotOf(key)] = row;
    return row;
  }

  /** The row of a name, −1 where there is none. */
  find(name: string): number {
    return this.findKey(this.#sha256(utf8ToBytes(name)).slice(0, KEY));
  }

  /** The same of what another table has as `keyOf` one of its rows. */
  findKey(key: Uint8Array): number {
    return this.#slots[this.#slotOf(key)] as number;
  }

  keyOf(row: number): Uint8Array {
    return this.#keys.slice(row * KEY, (row + 1) * KEY);
  }

  get(row: number, at: 0 | 1 | 2): number {
    return this.#numbers[row * WIDTH + at] as number;
  }

  set(row: number, at: 0 | 1 | 2, value: number): void {
    this.#numbers[row * WIDTH + at] = value;
  }

  setBytes(row: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes.subarray(0, KEY), row * KEY);
  }

  hasBytes(row: number, bytes: Uint8Array): boolean {
    for (let i = 0; i < KEY; i += 1) if (this.#bytes[row * KEY + i] !== bytes[i]) return false;
    return true;
  }

  #slotOf(key: Uint8Array): number {
    const mask = this.#slots.length - 1;
    const view = new DataView(key.buffer, key.byteOffset, KEY);
    for (let slot = view.getUint32(0) & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] as number;
      if (row === -1 || this.#isKey(row, key)) return slot;
    }
  }

  #isKey(row: number, key: Uint8Array): boolean {
    for (let i = 0; i < KEY; i += 1) if (this.#keys[row * KEY + i] !== key[i]) return false;
    return true;
  }

  /** Twice the rows; half of the slots stay free. */
  #grow(): void {
    const rows = (this.#keys.length / KEY) * 2;
    const [keys, bytes, numbers] = [this.#keys, this.#bytes, this.#numbers];
    (this.#keys = new Uint8Array(rows * KEY)).set(keys);
    (this.#bytes = new Uint8Array(rows * KEY)).set(bytes);
    (this.#numbers = new Float64Array(rows * WIDTH)).set(numbers);
    this.#slots = new Int32Array(rows * 2).fill(-1);
    for (let row = 0; row < this.#size; row += 1)
      this.#slots[this.#slotOf(this.#keys.slice(row * KEY, (row + 1) * KEY))] = row;
  }
}
