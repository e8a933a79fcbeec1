/** C0, C1, DEL, line separators and the controls that reorder text. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const escape = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Text of a reporter as a terminal may show it: on one line, and without sequences that the terminal would obey. */
export const printable = (text: string): string => text.replace(UNSAFE, escape);

/** JSON that means the same value and holds nothing a terminal would obey. */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(UNSAFE, (c) => (c === '\n' ? c : escape(c)));
