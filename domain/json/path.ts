// Where in a JSON value a problem is: `evidence.request.ids[2]`, and '' for the value itself.

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** A path names a place, it does not repeat the input. */
const LONGEST_KEY = 64;

/** `key` is a member name or an array index. Names that aren't plain words are quoted as in JSON and cut at 64 characters. */
export function childPath(parent: string, key: string | number): string {
  if (typeof key === 'number') return `${parent}[${key}]`;
  const name = key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key;
  if (!NAME.test(name)) return `${parent}[${JSON.stringify(name)}]`;
  return parent === '' ? name : `${parent}.${name}`;
}

export const jsonPath = (keys: readonly (string | number)[]): string => keys.reduce<string>(childPath, '');
