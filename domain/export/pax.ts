// What ustar cannot say of a member stands before it, POSIX.1-2001 pax: the path in UTF-8, a size of 8 GiB and more. One member, one header.
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { BLOCK, isArchivePath, isUstarSize, paddingOf, ustarBlock, ustarFieldsOf } from '../evidence/tar.ts';
import { decodeUtf8Strict } from '../json/utf8.ts';

/** Anybody may read what was let out. */
const MODE = 0o644;

/** `<length> <keyword>=<value>\n`, where the length counts its own digits (POSIX.1-2001 pax, Extended Header). */
export function paxRecord(keyword: string, value: string): Uint8Array {
  const rest = utf8ToBytes(` ${keyword}=${value}\n`);
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return concatBytes(utf8ToBytes(String(length)), rest);
}

/**
 * What stands before the bytes of member `index` (from 0) of an archive: its ustar header, and before that, exactly where
 * the path is not plain ASCII of at most 100 bytes or the size is 8 GiB or more, a pax header with its block. Nothing in it
 * depends on who writes it. `mtime` is in seconds. Throws RangeError for what is no size or no time.
 */
export function memberHeader(index: number, path: string, size: number, mtime: number): Uint8Array {
  if (!Number.isSafeInteger(size) || size < 0 || !isUstarSize(mtime)) throw new RangeError('no header can say this');
  const plain = isArchivePath(path);
  const small = isUstarSize(size);
  // A reader that knows no pax finds the file under this.
  const short = plain ? path : `member/${index}`;
  const main = ustarBlock(short, { mode: MODE, size: small ? size : 0, mtime, kind: '0' });
  if (plain && small) return main;
  const records = concatBytes(
    ...(plain ? [] : [paxRecord('path', path)]),
    ...(small ? [] : [paxRecord('size', String(size))]),
  );
  const before = ustarBlock(`pax/${index}`, { mode: MODE, size: records.length, mtime, kind: 'x' });
  return concatBytes(before, records, new Uint8Array(paddingOf(records.length)), main);
}

/** The most that can stand before a member: a pax header of one path and one size, and the member's own. */
export const MOST_HEADER_BYTES = 9 * BLOCK;

export interface MemberHeader {
  path: string;
  size: number;
  mtime: number;
  /** Of the header, in bytes. */
  length: number;
}

/**
 * The header that these bytes begin with, whoever wrote it; a number: so many bytes of it are needed to say; undefined: it
 * is none, or says what no archive of an export needs.
 */
export function readMemberHeader(bytes: Uint8Array): MemberHeader | number | undefined {
  if (bytes.length < BLOCK) return BLOCK;
  const first = ustarFieldsOf(bytes);
  if (first?.kind === '0') return { path: first.path, size: first.size, mtime: first.mtime, length: BLOCK };
  if (first?.kind !== 'x') return undefined;
  const records = BLOCK + first.size;
  const length = records + paddingOf(first.size) + BLOCK;
  if (length > MOST_HEADER_BYTES) return undefined;
  if (bytes.length < length) return length;
  const main = ustarFieldsOf(bytes.subarray(length - BLOCK));
  const said = recordsOf(bytes.subarray(BLOCK, records));
  if (main?.kind !== '0' || said === undefined) return undefined;
  const size = said.has('size') ? Number(said.get('size')) : main.size;
  if (!Number.isSafeInteger(size) || size < 0) return undefined;
  return { path: said.get('path') ?? main.path, size, mtime: main.mtime, length };
}

/** Undefined where something else than records stands in it. */
function recordsOf(bytes: Uint8Array): Map<string, string> | undefined {
  const found = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const digits = /^([1-9]\d{0,4}) /.exec(new TextDecoder('latin1').decode(bytes.subarray(at, at + 6)))?.[1];
    const end = at + Number(digits ?? 0);
    if (digits === undefined || end > bytes.length || bytes[end - 1] !== 0x0a) return undefined;
    let text: string;
    try {
      text = decodeUtf8Strict(bytes.subarray(at + digits.length + 1, end - 1));
    } catch {
      return undefined;
    }
    const equals = text.indexOf('=');
    if (equals < 1) return undefined;
    found.set(text.slice(0, equals), text.slice(equals + 1));
    at = end;
  }
  return found;
}
