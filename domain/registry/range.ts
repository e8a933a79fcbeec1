// RFC 9110 section 14: one range of bytes is served; what is not understood, or asks for several, is answered whole.

export type Asked =
  | { kind: 'whole' }
  /** Offsets of the first and of the last byte. */
  | { kind: 'part'; first: number; last: number }
  | { kind: 'unsatisfiable' };

const WHOLE: Asked = { kind: 'whole' };
const UNSATISFIABLE: Asked = { kind: 'unsatisfiable' };
const RANGE = /^bytes[\t ]*=[\t ]*(?:(\d{1,20})-(\d{0,20})|-(\d{1,20}))[\t ]*$/i;

/**
 * What a `Range` header asks of a representation of `size` bytes (14.1.2). `ifRange` is the request's `If-Range`: with any
 * other validator than `etag`, which is strong, the range is of something else and all of it is answered (13.1.5).
 */
export function askedRange(
  header: string | undefined,
  size: number,
  { ifRange, etag }: { ifRange: string | undefined; etag: string },
): Asked {
  if (header === undefined || (ifRange !== undefined && ifRange.trim() !== etag)) return WHOLE;
  const match = RANGE.exec(header);
  if (match === null) return WHOLE;
  const [, from, to, suffix] = match;
  if (suffix !== undefined) {
    const count = Math.min(Number(suffix), size);
    return count === 0 ? UNSATISFIABLE : { kind: 'part', first: size - count, last: size - 1 };
  }
  const first = Number(from);
  const last = to === '' || to === undefined ? Infinity : Number(to);
  // A last position before the first is no range at all, not an unsatisfiable one.
  if (last < first) return WHOLE;
  return first >= size ? UNSATISFIABLE : { kind: 'part', first, last: Math.min(last, size - 1) };
}

/** Whether `If-None-Match` names this entity tag; the comparison is weak (13.1.2). */
export function isUnchanged(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

const CONTENT_RANGE = /^bytes[\t ]+(\d{1,15})-(\d{1,15})\/(\d{1,15})$/;

/** The `Content-Range` of a part that is sent: first and last byte and the whole; undefined where it names none (14.4). */
export function sentRange(header: string | undefined): { first: number; last: number; size: number } | undefined {
  const match = CONTENT_RANGE.exec(header?.trim() ?? '');
  if (match === null) return undefined;
  const [first, last, size] = match.slice(1).map(Number) as [number, number, number];
  return first <= last && last < size ? { first, last, size } : undefined;
}
