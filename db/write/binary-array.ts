/** Element types of an array parameter: their oid in `pg_type` and how one value is sent (`typsend`'s counterpart). */
const ELEMENTS = {
  bool: { oid: 16, size: () => 1, put: (b, at, v) => b.writeUInt8(v === true ? 1 : 0, at) },
  bytea: { oid: 17, size: (v) => (v as Buffer).length, put: (b, at, v) => (v as Buffer).copy(b, at) },
  int8: { oid: 20, size: () => 8, put: (b, at, v) => putInt8(b, at, v as number) },
  int2: { oid: 21, size: () => 2, put: (b, at, v) => b.writeInt16BE(v as number, at) },
  int4: { oid: 23, size: () => 4, put: (b, at, v) => b.writeInt32BE(v as number, at) },
  text: { oid: 25, size: (v) => Buffer.byteLength(v as string), put: (b, at, v) => b.utf8Write(v as string, at) },
  timestamptz: { oid: 1184, size: () => 8, put: (b, at, v) => putInt8(b, at, microseconds(v as string)) },
  jsonb: {
    oid: 3802,
    size: (v) => 1 + Buffer.byteLength(v as string),
    put: (b, at, v) => b.utf8Write(v as string, b.writeUInt8(1, at)),
  },
} satisfies Record<string, Element>;

interface Element {
  oid: number;
  size: (value: unknown) => number;
  put: (buffer: Buffer & { utf8Write: (text: string, at: number) => number }, at: number, value: unknown) => number;
}

/** SQL spells some types in two ways; a precision is the column's own affair. */
const ALIASES: Record<string, keyof typeof ELEMENTS> = {
  boolean: 'bool',
  bigint: 'int8',
  smallint: 'int2',
  integer: 'int4',
  'timestamptz(3)': 'timestamptz',
};

const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);
const microseconds = (instant: string): number => (Date.parse(instant) - POSTGRES_EPOCH_MS) * 1000;

function putInt8(buffer: Buffer, at: number, value: number): number {
  const high = Math.floor(value / 2 ** 32);
  buffer.writeInt32BE(high, at);
  return buffer.writeUInt32BE(value - high * 2 ** 32, at + 4);
}

const HEADER = 20;
type Target = Parameters<Element['put']>[0];

/**
 * A one-dimensional array as the server's `array_recv` reads it: neither side escapes or parses text, which is what most
 * of a wide insert costs. `jsonb` values are JSON text, `timestamptz` values RFC 3339, null is NULL.
 */
export function binaryArray(type: string, values: readonly unknown[]): Buffer {
  const element: Element | undefined = (ELEMENTS as Record<string, Element>)[ALIASES[type] ?? type];
  if (element === undefined) throw new Error(`no array of ${type} can be sent`);
  let length = HEADER;
  let nulls = 0;
  for (const value of values) {
    length += 4;
    if (value === null || value === undefined) nulls += 1;
    else length += element.size(value);
  }
  const buffer = Buffer.allocUnsafe(length) as Target;
  [1, nulls > 0 ? 1 : 0, element.oid, values.length, 1].forEach((word, i) => buffer.writeInt32BE(word, i * 4));
  let at = HEADER;
  for (const value of values) {
    const start = at + 4;
    if (value === null || value === undefined) {
      at = buffer.writeInt32BE(-1, at);
      continue;
    }
    const size = element.size(value);
    buffer.writeInt32BE(size, at);
    element.put(buffer, start, value);
    at = start + size;
  }
  return buffer;
}
