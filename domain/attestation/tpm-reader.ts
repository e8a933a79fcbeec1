// A TPM structure is read from its first byte to its last, big-endian: nothing short, nothing left over.
import { AttestationError } from './error.ts';

/** Cursor over canonically marshalled TPM 2.0 structures (TPM 2.0 Library, Part 1, "Structure Encoding"). */
export class TpmReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#take(1, field));
  }

  u16(field: string): number {
    return this.#view.getUint16(this.#take(2, field));
  }

  u32(field: string): number {
    return this.#view.getUint32(this.#take(4, field));
  }

  u64(field: string): bigint {
    return this.#view.getBigUint64(this.#take(8, field));
  }

  bytes(length: number, field: string): Uint8Array {
    const start = this.#take(length, field);
    return this.#bytes.slice(start, start + length);
  }

  /** A TPM2B: UINT16 size, then that many bytes, at most `max`. Errors: size_invalid, truncated. */
  sized(max: number, field: string): Uint8Array {
    const size = this.u16(field);
    if (size > max) throw new AttestationError('size_invalid', field);
    return this.bytes(size, field);
  }

  /** Errors: trailing_bytes. */
  end(field: string): void {
    if (this.#at !== this.#bytes.length) throw new AttestationError('trailing_bytes', field);
  }

  #take(length: number, field: string): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) throw new AttestationError('truncated', field);
    this.#at = start + length;
    return start;
  }
}
