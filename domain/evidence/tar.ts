// One content, one archive: POSIX ustar with nothing that depends on who writes it, so that every bit of it can be checked.

export const BLOCK = 512;

/** What a file is called in an archive: plain ASCII, at most 100 bytes, nowhere else than below the folder. */
const PATH = /^(?=.{1,100}$)[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;
export const isArchivePath = (path: string): boolean => PATH.test(path);

const CHECKSUM = { at: 148, length: 8 };
const octal = (n: number, digits: number): string => n.toString(8).padStart(digits, '0');

/** What a header says beside its path. `kind` is POSIX's typeflag. */
export interface TarFields {
  mode: number;
  size: number;
  /** Seconds since 1970. */
  mtime: number;
  kind: '0' | 'x';
}

/** The block of POSIX.1-1988 ustar: plain ASCII names of at most 100 bytes and sizes below 8 GiB, both the caller's to see to. */
export function ustarBlock(path: string, { mode, size, mtime, kind }: TarFields): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const put = (text: string, at: number) => header.set(new TextEncoder().encode(text), at);
  put(path, 0);
  put(`${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(size, 11)}\0${octal(mtime, 11)}\0`, 100);
  put(' '.repeat(CHECKSUM.length), CHECKSUM.at);
  put(kind, 156);
  put('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${octal(sum, 6)}\0 `, CHECKSUM.at);
  return header;
}

/** A file that only its owner reads. Throws RangeError for a path or a size that has no such header. */
export function tarHeader(path: string, size: number, mtime: number): Uint8Array {
  if (!isArchivePath(path) || !isUstarSize(size)) throw new RangeError('no header can say this');
  return ustarBlock(path, { mode: 0o600, size, mtime, kind: '0' });
}

export const isUstarSize = (size: number): boolean => Number.isSafeInteger(size) && size >= 0 && size < 8 ** 11;

/** Zeros up to the end of the block. */
export const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/** Two blocks of zeros end an archive. */
export const TAR_END = 2 * BLOCK;

export interface TarMember {
  path: string;
  size: number;
}

export interface TarProblem {
  code: 'header_altered' | 'padding_altered' | 'archive_cut' | 'archive_overlong';
  /** The byte at which it begins. */
  at: number;
  /** Of which file. */
  path: string | null;
}

export interface ReadTar {
  files: Map<string, Uint8Array>;
  problems: TarProblem[];
  /** False where it could not be read to its end. */
  whole: boolean;
}

/**
 * The files of an archive that `tarHeader` began, views. `expected` says what comes next, given what was read, so that a
 * header that was altered does not hide what follows it; undefined where nobody knows.
 */
export function readTar(
  bytes: Uint8Array,
  expected: (index: number, files: ReadonlyMap<string, Uint8Array>) => TarMember | undefined,
): ReadTar {
  const files = new Map<string, Uint8Array>();
  const problems: TarProblem[] = [];
  const mtime = fieldOf(bytes.subarray(0, BLOCK), 136) ?? 0;
  let at = 0;
  for (let index = 0; ; index += 1) {
    const header = bytes.subarray(at, at + BLOCK);
    const due = expected(index, files);
    if (due === undefined && isZero(header)) break;
    const said = memberOf(header, mtime);
    const member = said ?? due;
    if (header.length < BLOCK) problems.push({ code: 'archive_cut', at: bytes.length, path: due?.path ?? null });
    else if (said === undefined) problems.push({ code: 'header_altered', at, path: due?.path ?? null });
    if (member === undefined || header.length < BLOCK) return { files, problems, whole: false };
    at += BLOCK;
    const { path, size } = member;
    if (at + size > bytes.length) {
      problems.push({ code: 'archive_cut', at: bytes.length, path });
      return { files, problems, whole: false };
    }
    files.set(path, bytes.subarray(at, at + size));
    at += size;
    const padding = bytes.subarray(at, at + paddingOf(size));
    if (!isZero(padding)) problems.push({ code: 'padding_altered', at, path });
    at += paddingOf(size);
  }
  const rest = bytes.subarray(at);
  if (rest.length < TAR_END) problems.push({ code: 'archive_cut', at: bytes.length, path: null });
  else if (rest.length > TAR_END || !isZero(rest)) problems.push({ code: 'archive_overlong', at, path: null });
  return { files, problems, whole: true };
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

function fieldOf(header: Uint8Array, at: number): number | undefined {
  const text = new TextDecoder('latin1').decode(header.subarray(at, at + 12));
  return /^[0-7]{11}\0$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

/** What a block says that is a ustar header, whoever wrote it; undefined for one whose checksum is not its own. */
export function ustarFieldsOf(
  block: Uint8Array,
): (Omit<TarFields, 'mode' | 'kind'> & { path: string; kind: string }) | undefined {
  const header = block.slice(0, BLOCK);
  const said = new TextDecoder('latin1').decode(header);
  const number = (at: number) => /^([0-7]{11})[\0 ]$/.exec(said.slice(at, at + 12))?.[1];
  header.fill(0x20, CHECKSUM.at, CHECKSUM.at + CHECKSUM.length);
  const sum = header.reduce((total, byte) => total + byte, 0);
  const [size, mtime] = [number(124), number(136)];
  if (
    said.slice(CHECKSUM.at, CHECKSUM.at + CHECKSUM.length) !== `${octal(sum, 6)}\0 ` ||
    !said.startsWith('ustar\0', 257)
  )
    return undefined;
  if (size === undefined || mtime === undefined) return undefined;
  const name = said.slice(0, 100).split('\0')[0] ?? '';
  return { path: name, size: Number.parseInt(size, 8), mtime: Number.parseInt(mtime, 8), kind: said.charAt(156) };
}

/** Undefined for a header that is spelled otherwise than ours, in whatever byte. */
function memberOf(header: Uint8Array, mtime: number): TarMember | undefined {
  const text = new TextDecoder('latin1').decode(header.subarray(0, 100));
  const path = text.slice(0, text.indexOf('\0') === -1 ? 100 : text.indexOf('\0'));
  const size = fieldOf(header, 124);
  if (size === undefined || !isArchivePath(path)) return undefined;
  const canonical = tarHeader(path, size, mtime);
  return header.every((byte, i) => byte === canonical[i]) ? { path, size } : undefined;
}
