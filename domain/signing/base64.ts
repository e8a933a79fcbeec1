// Base64 has one spelling (RFC 4648, §4, padded, zero trailing bits): a second one would let signed bytes be restated.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const FORM = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const symbol = (bits: number): string => ALPHABET.charAt(bits & 0x3f);

export function toBase64(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = bytes.subarray(i, i + 3);
    const word = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    out += symbol(word >> 18) + symbol(word >> 12);
    out += b === undefined ? '==' : symbol(word >> 6) + (c === undefined ? '=' : symbol(word));
  }
  return out;
}

/** The bytes, or null when `text` is not their one spelling. */
export function fromBase64(text: string): Uint8Array | null {
  if (!FORM.test(text)) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const out = new Uint8Array((text.length / 4) * 3 - padding);
  for (let i = 0, at = 0; i < text.length; i += 4, at += 3) {
    const word = [0, 1, 2, 3].reduce((w, k) => (w << 6) | Math.max(0, ALPHABET.indexOf(text.charAt(i + k))), 0);
    out.set([word >> 16, (word >> 8) & 0xff, word & 0xff].slice(0, out.length - at), at);
  }
  return toBase64(out) === text ? out : null;
}
