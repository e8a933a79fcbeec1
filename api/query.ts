import { LIST_LIMIT } from '../db/read/parameters.ts';
import { invalidFields } from './fields.ts';

/**
 * The query of a request by name. Errors: `unknown_field` for names the route does not take, `validation_failed` for a
 * name that is given twice.
 */
export function readQuery<K extends string>(query: URLSearchParams, names: readonly K[]): Partial<Record<K, string>> {
  const out: Partial<Record<K, string>> = {};
  for (const [name, value] of query) {
    const known = names.find((n) => n === name);
    if (known === undefined) return invalidFields({ path: name.slice(0, 64), code: 'unknown_field' });
    if (out[known] !== undefined) invalidFields({ path: name, code: 'repeated' });
    out[known] = value;
  }
  return out;
}

/** One word of a closed set, or undefined when it is not given. */
export function oneOf<T extends string>(value: string | undefined, path: string, words: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  return words.find((word) => word === value) ?? invalidFields({ path, code: 'invalid_value' });
}

/** 1 to 1000, by default 1000. */
export function readLimit(value: string | undefined): number {
  if (value === undefined) return LIST_LIMIT;
  const n = /^[1-9]\d{0,3}$/.test(value) ? Number(value) : Infinity;
  return n <= LIST_LIMIT ? n : invalidFields({ path: 'limit', code: 'invalid_value' });
}

/** `Link` (RFC 8288) to the next page of a list: the same query behind `cursor`. */
export function nextLink(path: string, query: URLSearchParams, cursor: string | null): Record<string, string> {
  if (cursor === null) return {};
  const next = new URLSearchParams(query);
  next.set('cursor', cursor);
  return { Link: `<${path}?${next.toString()}>; rel="next"` };
}
