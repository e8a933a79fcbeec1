// The payload's hash is over its canonical text: it is written again from the values that were read, as they come.
import { canonicalJson } from '../canonical/json.ts';
import { parseStrictJson } from '../json/strict-json.ts';
import type { Path } from '../json/walk.ts';
import type { ForensicCrypto, HashStream } from './crypto.ts';
import { ValueDigests } from './value-digests.ts';

/** Text is hashed in pieces of about this many UTF-16 code units. */
const PIECE = 64 * 1024;

export interface PayloadHooks {
  value: (path: Path, value: unknown) => void;
  /** A member that does not stand where RFC 8785 has it. */
  misplaced: (path: Path) => void;
}

/** Takes what a walk over the five members meets. */
export class PayloadReader {
  /** Whether a value was spelled otherwise than RFC 8785 spells it. */
  respelled = false;
  readonly digests: ValueDigests;
  readonly #hooks: PayloadHooks;
  readonly #crypto: ForensicCrypto;
  readonly #hash: HashStream;
  /** The member that came last, of each object that is open; '' in an array that has begun. */
  readonly #last: (string | null)[] = [null];
  #text = '{';

  constructor(crypto: ForensicCrypto, hooks: PayloadHooks) {
    this.#crypto = crypto;
    this.#hooks = hooks;
    this.#hash = crypto.stream();
    this.digests = new ValueDigests(crypto);
  }

  enter(path: Path, kind: 'object' | 'array'): void {
    this.#before(path);
    this.#write(kind === 'object' ? '{' : '[');
    this.#last.push(null);
  }

  leave(kind: 'object' | 'array'): void {
    this.#last.pop();
    this.#write(kind === 'object' ? '}' : ']');
  }

  /** Errors: StrictJsonError, CanonicalError. */
  value(path: Path, text: string): void {
    const value = parseStrictJson(text);
    const canonical = canonicalJson(value);
    if (canonical !== text) this.respelled = true;
    this.#before(path);
    this.#write(canonical);
    this.digests.add(path, canonical);
    this.#hooks.value(path, value);
  }

  /** SHA-256 of the canonical text of all that was read. */
  digest(): Uint8Array {
    this.#write('}');
    this.#flush();
    return this.#hash.digest();
  }

  #before(path: Path): void {
    const step = path.at(-1) ?? '';
    const last = this.#last.pop() ?? null;
    if (last !== null) this.#write(',');
    this.#last.push(typeof step === 'number' ? '' : step);
    if (typeof step === 'number') return;
    if (last !== null && last >= step) this.#hooks.misplaced(path);
    this.#write(`${canonicalJson(step)}:`);
  }

  #write(text: string): void {
    this.#text += text;
    if (this.#text.length >= PIECE) this.#flush();
  }

  #flush(): void {
    this.#hash.update(this.#crypto.utf8(this.#text));
    this.#text = '';
  }
}
