/**
 * The first DER element of `bytes` (X.690, section 8.1.3), without what follows it: an NV index may be larger than the
 * certificate in it. Null when `bytes` hold no whole SEQUENCE.
 */
export function firstSequence(bytes: Buffer): Buffer | null {
  const [tag, first] = bytes;
  if (tag !== 0x30 || first === undefined) return null;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4 || bytes.length < 2 + lengthBytes) return null;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  const end = 2 + lengthBytes + length;
  return end <= bytes.length ? bytes.subarray(0, end) : null;
}
