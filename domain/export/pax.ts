// What ustar cannot say of a member stands before it, POSIX.1-2001 pax: the path in UTF-8, a size of 8 GiB and more. One member, one header.
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { BLOCK, isArchivePath, isUstarSize, paddingOf, ustarBlock } from '../evidence/tar.ts';

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

/** The most that a pax header can take: its block, one path of 1,024 UTF-16 units, a size. */
export const MOST_PAX_BYTES = 8 * BLOCK;
