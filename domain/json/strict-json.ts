// One text, one value: a single I-JSON value (RFC 8259, RFC 7493), every key once, nothing lost between text and value.
import { StrictJsonError } from './error.ts';
import type { JsonErrorCode } from './error.ts';
import { numberSurvives } from './number.ts';
import { jsonPath } from './path.ts';

/** Arrays and objects within each other. */
export const MAX_JSON_DEPTH = 32;

/**
 * The one JSON value of `text`. Errors: `malformed_json` (syntax, a second value) with its offset; with path and
 * offset `repeated_key`, `too_deep` (more than 32 levels), `unrepresentable` (NUL or a lone surrogate in a string or key, the
 * key `__proto__`, a number that does not survive a double).
 */
export function parseStrictJson(text: string): unknown {
  return new Reader(text).read();
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Written by hand because JSON.parse keeps the last of two equal keys and rounds without a word. */
class Reader {
  private readonly text: string;
  private at = 0;
  private depth = 0;
  /** Of the value being read; only the first `depth` are meant. */
  private readonly keys: (string | number)[] = [];

  constructor(text: string) {
    this.text = text;
  }

  read(): unknown {
    const value = this.value(this.next());
    if (!Number.isNaN(this.next())) this.malformed();
    return value;
  }

  private fail(code: Exclude<JsonErrorCode, 'malformed_json'>): never {
    throw new StrictJsonError(code, jsonPath(this.keys.slice(0, this.depth)), this.at);
  }

  /** What is no JSON has an offset but no places in it. */
  private malformed(): never {
    throw new StrictJsonError('malformed_json', '', this.at);
  }

  /** Code unit after white space, NaN at the end. */
  private next(): number {
    let code = this.text.charCodeAt(this.at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      this.at += 1;
      code = this.text.charCodeAt(this.at);
    }
    return code;
  }

  private value(first: number): unknown {
    switch (first) {
      case QUOTE:
        return this.string(false);
      case 0x7b:
        return this.object();
      case 0x5b:
        return this.array();
      case 0x74:
        return this.word('true', true);
      case 0x66:
        return this.word('false', false);
      case 0x6e:
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.malformed();
    this.at += word.length;
    return value;
  }

  private enter(): void {
    if (this.depth === MAX_JSON_DEPTH) this.fail('too_deep');
    this.at += 1;
    this.depth += 1;
  }

  private leave(): void {
    this.at += 1;
    this.depth -= 1;
  }

  private object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.enter();
    let code = this.next();
    while (code !== 0x7d) {
      this.member(object, code);
      code = this.next();
      if (code === 0x7d) break;
      if (code !== 0x2c) this.malformed();
      this.at += 1;
      code = this.next();
      if (code === 0x7d) this.malformed();
    }
    this.leave();
    return object;
  }

  private member(object: Record<string, unknown>, first: number): void {
    if (first !== QUOTE) this.malformed();
    const key = this.string(true);
    this.keys[this.depth - 1] = key;
    if (key === '__proto__') this.fail('unrepresentable');
    if (object[key] !== undefined && Object.hasOwn(object, key)) this.fail('repeated_key');
    if (this.next() !== 0x3a) this.malformed();
    this.at += 1;
    object[key] = this.value(this.next());
  }

  private array(): unknown[] {
    const array: unknown[] = [];
    this.enter();
    let code = this.next();
    while (code !== 0x5d) {
      this.keys[this.depth - 1] = array.length;
      array.push(this.value(code));
      code = this.next();
      if (code === 0x5d) break;
      if (code !== 0x2c) this.malformed();
      this.at += 1;
      code = this.next();
      if (code === 0x5d) this.malformed();
    }
    this.leave();
    return array;
  }

  private string(isKey: boolean): string {
    const { text } = this;
    const start = this.at + 1;
    let end = start;
    let code = text.charCodeAt(end);
    let plain = true;
    while (code !== QUOTE) {
      if (code === BACKSLASH) {
        plain = false;
        end += 1;
      } else if (!(code >= 0x20)) {
        this.at = end;
        this.malformed();
      } else if (code > 0xd7ff) plain = false;
      end += 1;
      code = text.charCodeAt(end);
    }
    const value = plain ? text.slice(start, end) : this.unescaped(start - 1, end + 1, isKey);
    this.at = end + 1;
    return value;
  }

  /** Decodes a string with escapes or code units from the surrogates up; `from` and `to` include its quotes. */
  private unescaped(from: number, to: number, isKey: boolean): string {
    let value: string;
    try {
      value = JSON.parse(this.text.slice(from, to)) as string;
    } catch {
      this.malformed();
    }
    if (value.includes('\u0000') || !value.isWellFormed()) {
      if (isKey) this.keys[this.depth - 1] = value;
      this.fail('unrepresentable');
    }
    return value;
  }

  private number(): number {
    const { text } = this;
    const start = this.at;
    let end = start;
    if (text.charCodeAt(end) === 0x2d) end += 1;
    const whole = end;
    end = this.digits(end);
    // No leading zeros: 0 stands alone.
    if (end - whole > 1 && text.charCodeAt(whole) === 0x30) this.malformed();
    const integer = end;
    if (text.charCodeAt(end) === 0x2e) end = this.digits(end + 1);
    if ((text.charCodeAt(end) | 0x20) === 0x65) {
      const sign = text.charCodeAt(end + 1);
      end = this.digits(sign === 0x2b || sign === 0x2d ? end + 2 : end + 1);
    }
    const literal = text.slice(start, end);
    const value = Number(literal);
    // Fifteen digits always survive; most numbers are shorter integers.
    if ((end !== integer || end - whole > 15) && !numberSurvives(literal, value)) this.fail('unrepresentable');
    this.at = end;
    return value;
  }

  /** The end of one or more digits from `from` on. */
  private digits(from: number): number {
    let end = from;
    let code = this.text.charCodeAt(end);
    while (code >= 0x30 && code <= 0x39) {
      end += 1;
      code = this.text.charCodeAt(end);
    }
    if (end === from) this.malformed();
    return end;
  }
}
