// A document too large to be held is read value by value: what is walked is seen as it comes, every other value arrives whole.
import { parseStrictJson } from './strict-json.ts';

/** Member names and array indexes from the root to a value; only good until the handler returns. */
export type Path = readonly (string | number)[];

export interface WalkHandler {
  /** Whether the container at `path` is gone through, or arrives whole in `value`. */
  walks: (path: Path, kind: 'object' | 'array') => boolean;
  /** Whether the string at `path` arrives in pieces; such a string has no escapes. */
  streams: (path: Path) => boolean;
  enter: (path: Path, kind: 'object' | 'array') => void;
  leave: (path: Path, kind: 'object' | 'array') => void;
  /** The text of a complete value, its syntax not yet judged. */
  value: (path: Path, text: string) => void;
  piece: (path: Path, text: string) => void;
}

/** `malformed_json` and `value_too_long` are at `offset`, in UTF-16 code units from the start. */
export class JsonWalkError extends Error {
  override readonly name = 'JsonWalkError';
  readonly code: 'malformed_json' | 'value_too_long';
  readonly offset: number;

  constructor(code: JsonWalkError['code'], offset: number) {
    super(`${code} at offset ${offset}`);
    this.code = code;
    this.offset = offset;
  }
}

/** No value that arrives whole is longer, in UTF-16 code units. */
const LONGEST_VALUE = 16 * 1024 * 1024;

type Expected = 'value' | 'element' | 'member' | 'key' | 'colon' | 'separator' | 'nothing';
type Within = 'structure' | 'key' | 'value' | 'scalar' | 'stream';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const isSpace = (c: number): boolean => c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
const isOpening = (c: number): boolean => c === 0x7b || c === 0x5b;
const isClosing = (c: number): boolean => c === 0x7d || c === 0x5d;

/** Takes a text in pieces of any length. Of what it walks it refuses all that is not JSON, a repeated member and the name `__proto__` included. */
export class JsonWalker {
  /** Whether there is white space between values, or a member's name is spelled with escapes it does not need. */
  respelled = false;
  readonly #handler: WalkHandler;
  readonly #path: (string | number)[] = [];
  readonly #open: { kind: 'object' | 'array'; names: Set<string> }[] = [];
  #expected: Expected = 'value';
  #within: Within = 'structure';
  #before = 0;
  /** Of the value that is being collected. */
  #parts: string[] = [];
  #length = 0;
  #depth = 0;
  #quoted = false;
  #escaped = false;

  constructor(handler: WalkHandler) {
    this.#handler = handler;
  }

  /** Where in the document the text ends so far: at this value, or behind it. */
  get path(): Path {
    return this.#open.length > 0 && this.#expected === 'member' ? this.#path.slice(0, -1) : this.#path;
  }

  /** Whether the document is complete. */
  get complete(): boolean {
    return this.#expected === 'nothing' && this.#within === 'structure';
  }

  /** Errors: JsonWalkError, and those of the handler. */
  push(text: string): void {
    for (let at = 0; at < text.length;) at = this.#take(text, at);
    this.#before += text.length;
  }

  #take(text: string, at: number): number {
    switch (this.#within) {
      case 'structure':
        return this.#structure(text, at);
      case 'stream':
        return this.#stream(text, at);
      case 'scalar':
        return this.#scalar(text, at);
      case 'key':
      case 'value':
        return this.#collect(text, at);
    }
  }

  #fail(at: number, code: JsonWalkError['code'] = 'malformed_json'): never {
    throw new JsonWalkError(code, this.#before + at);
  }

  #structure(text: string, at: number): number {
    const c = text.charCodeAt(at);
    if (isSpace(c)) {
      this.respelled = true;
      return at + 1;
    }
    const expected = this.#expected;
    if (isClosing(c)) return this.#close(c, at);
    if (expected === 'separator' && c === 0x2c) {
      const array = this.#open.at(-1)?.kind === 'array';
      if (array) this.#path.push((this.#path.pop() as number) + 1);
      this.#expected = array ? 'value' : 'key';
      return at + 1;
    }
    if (expected === 'colon' && c === 0x3a) {
      this.#expected = 'value';
      return at + 1;
    }
    if ((expected === 'key' || expected === 'member') && c === QUOTE) {
      this.#within = 'key';
      return at;
    }
    if (expected !== 'value' && expected !== 'element') return this.#fail(at);
    return this.#begin(c, at);
  }

  #close(c: number, at: number): number {
    const frame = this.#open.at(-1);
    const closes = c === 0x7d ? 'object' : 'array';
    const may = this.#expected === 'separator' || this.#expected === (closes === 'object' ? 'member' : 'element');
    if (frame?.kind !== closes || !may) return this.#fail(at);
    this.#open.pop();
    this.#path.pop();
    this.#handler.leave(this.#path, closes);
    this.#ended();
    return at + 1;
  }

  #begin(c: number, at: number): number {
    const kind = c === 0x7b ? 'object' : 'array';
    if (isOpening(c) && this.#handler.walks(this.#path, kind)) {
      this.#handler.enter(this.#path, kind);
      this.#open.push({ kind, names: new Set() });
      this.#path.push(kind === 'object' ? '' : 0);
      this.#expected = kind === 'object' ? 'member' : 'element';
      return at + 1;
    }
    if (c === QUOTE && this.#handler.streams(this.#path)) {
      this.#within = 'stream';
      return at + 1;
    }
    this.#within = isOpening(c) || c === QUOTE ? 'value' : 'scalar';
    return at;
  }

  #ended(): void {
    this.#within = 'structure';
    this.#expected = this.#open.length === 0 ? 'nothing' : 'separator';
  }

  #stream(text: string, at: number): number {
    const quote = text.indexOf('"', at);
    const end = quote === -1 ? text.length : quote;
    const piece = text.slice(at, end);
    const wrong = piece.search(/[\\\u0000-\u001f]/);
    if (wrong !== -1) this.#fail(at + wrong);
    if (piece !== '') this.#handler.piece(this.#path, piece);
    if (quote === -1) return end;
    this.#ended();
    return end + 1;
  }

  #keep(text: string, from: number, to: number): void {
    this.#length += to - from;
    if (this.#length > LONGEST_VALUE) this.#fail(to, 'value_too_long');
    this.#parts.push(text.slice(from, to));
  }

  #kept(): string {
    const whole = this.#parts.join('');
    this.#parts = [];
    this.#length = 0;
    return whole;
  }

  /** A number or a word goes on to the next mark of the structure. */
  #scalar(text: string, from: number): number {
    let at = from;
    for (; at < text.length; at += 1) {
      const c = text.charCodeAt(at);
      if (c === 0x2c || isClosing(c) || isSpace(c)) break;
    }
    this.#keep(text, from, at);
    if (at < text.length) this.#deliver();
    return at;
  }

  /** A string, or a container that nobody walks, up to its last character. */
  #collect(text: string, from: number): number {
    for (let at = from; at < text.length; at += 1) {
      const c = text.charCodeAt(at);
      if (this.#escaped) this.#escaped = false;
      else if (c === QUOTE) this.#quoted = !this.#quoted;
      else if (this.#quoted) this.#escaped = c === BACKSLASH;
      else if (isOpening(c)) this.#depth += 1;
      else if (isClosing(c)) this.#depth -= 1;
      if (this.#depth > 0 || this.#quoted || this.#escaped) continue;
      this.#keep(text, from, at + 1);
      if (this.#within === 'key') this.#name(at);
      else this.#deliver();
      return at + 1;
    }
    this.#keep(text, from, text.length);
    return text.length;
  }

  #name(at: number): void {
    const names = this.#open.at(-1)?.names;
    const written = this.#kept();
    const name = parseStrictJson(written) as string;
    if (written !== JSON.stringify(name)) this.respelled = true;
    if (names === undefined || names.has(name) || name === '__proto__') this.#fail(at);
    names.add(name);
    this.#path[this.#path.length - 1] = name;
    this.#within = 'structure';
    this.#expected = 'colon';
  }

  #deliver(): void {
    const text = this.#kept();
    this.#ended();
    this.#handler.value(this.#path, text);
  }
}
