// A number must survive a double (RFC 7493 §2.2): what is read is what was written.

const LITERAL = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Whether the double `value` that the JSON number `text` rounds to may stand for it. Overflow, and underflow of what is
 * not zero, lose it. Below 2^53 the nearest double is the number, digits beyond its precision are noise. From there
 * doubles skip integers: the text must be the double's exact value or its shortest decimal, which RFC 8785 writes.
 */
export function numberSurvives(text: string, value: number): boolean {
  const size = Math.abs(value);
  if (size === Infinity) return false;
  if (size === 0) return decimal(text) === '0';
  if (size <= Number.MAX_SAFE_INTEGER) return true;
  const written = decimal(text);
  return written === decimal(String(size)) || written === decimal(String(BigInt(size)));
}

/** Digits without zeros at either end, and the exponent of the last one: equal for equal numbers; the sign is dropped. */
function decimal(text: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = LITERAL.exec(text) ?? [];
  const digits = whole + fraction;
  let start = 0;
  let end = digits.length;
  while (start < end && digits[start] === '0') start += 1;
  while (end > start && digits[end - 1] === '0') end -= 1;
  if (start === end) return '0';
  return `${digits.slice(start, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}
