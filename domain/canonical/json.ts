// One value, one text: RFC 8785 for plain JSON, a refusal for everything else.
import { CanonicalError } from './error.ts';

/** Ends cycles too. */
const MAX_DEPTH = 128;

/**
 * RFC 8785 (JCS) text of a plain JSON value: null, booleans, finite numbers, well-formed strings, arrays without holes,
 * objects of own enumerable data properties whose prototype is `Object.prototype` or null.
 * Errors: `CanonicalError`, every code but `hex_malformed`.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      if (!Number.isFinite(value)) throw new CanonicalError('number_not_finite');
      // RFC 8785 §3.2.2.3 takes its number format from ECMAScript; -0 is written 0.
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth === MAX_DEPTH) throw new CanonicalError('too_deep');
      return Array.isArray(value) ? writeArray(value, depth + 1) : writeObject(value, depth + 1);
    default:
      throw new CanonicalError('type_unsupported');
  }
}

/** What JSON writes as it stands. */
const LITERAL = /^[ !#-[\]-~]*$/;

function writeString(text: string): string {
  if (LITERAL.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new CanonicalError('lone_surrogate');
  return JSON.stringify(text);
}

function writeArray(array: unknown[], depth: number): string {
  if (Object.getPrototypeOf(array) !== Array.prototype) throw new CanonicalError('not_plain_object');
  // Besides its elements an array owns `length`, and nothing else.
  if (Object.getOwnPropertyNames(array).length > array.length + 1) throw new CanonicalError('array_property');
  if (Object.getOwnPropertySymbols(array).length > 0) throw new CanonicalError('symbol_key');
  let out = '[';
  for (let i = 0; i < array.length; i += 1) {
    const descriptor = Object.getOwnPropertyDescriptor(array, i);
    if (descriptor === undefined) throw new CanonicalError('array_hole');
    if (descriptor.get ?? descriptor.set) throw new CanonicalError('accessor_property');
    if (i > 0) out += ',';
    out += write(descriptor.value, depth);
  }
  return `${out}]`;
}

function writeObject(object: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) throw new CanonicalError('not_plain_object');
  const keys = Object.keys(object);
  if (Object.getOwnPropertyNames(object).length !== keys.length) throw new CanonicalError('hidden_property');
  if (Object.getOwnPropertySymbols(object).length > 0) throw new CanonicalError('symbol_key');
  sortKeys(keys);
  let out = '{';
  for (const key of keys) {
    const descriptor = Object.getOwnPropertyDescriptor(object, key);
    if (descriptor?.get ?? descriptor?.set) throw new CanonicalError('accessor_property');
    const value: unknown = descriptor?.value;
    if (value === undefined) throw new CanonicalError('undefined_member');
    if (out.length > 1) out += ',';
    out += `${writeString(key)}:${write(value, depth)}`;
  }
  return `${out}}`;
}

/**
 * By UTF-16 code units (RFC 8785 §3.2.3), which is what `<` and `sort` compare. A record has a dozen keys, often in
 * order: insertion then costs a third of `sort`.
 */
function sortKeys(keys: string[]): void {
  if (keys.length > 32) {
    keys.sort();
    return;
  }
  keys.forEach((key, from) => {
    let at = from;
    for (let before = keys[at - 1]; before !== undefined && before > key; before = keys[at - 1]) {
      keys[at] = before;
      at -= 1;
    }
    keys[at] = key;
  });
}
