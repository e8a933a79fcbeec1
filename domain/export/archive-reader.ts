// An archive is read once and held against the one spelling that its content has: whatever differs has a place.
import { toHex } from '../canonical/hash.ts';
import { BLOCK, paddingOf, TAR_END } from '../evidence/tar.ts';
import type { HashStream } from '../forensic/crypto.ts';
import { KEYS, MANIFEST, STATEMENT } from './archive.ts';
import { ByteSource } from './byte-source.ts';
import { memberHeader, MOST_HEADER_BYTES, readMemberHeader } from './pax.ts';
import type { MemberHeader } from './pax.ts';
import type { ExportProblem, ExportProblemCode } from './problem.ts';
import type { ProofFiles } from './proof-check.ts';

/** What a file of the bundle has to be; `size` is null where only its digest (hex) is known. */
export interface DueMember {
  path: string;
  size: number | null;
  sha256: string;
}

/** What is due behind the proof, in order; `mtime` is that of every header, null where nothing says it. */
export interface Plan {
  members: DueMember[];
  mtime: number | null;
}

export interface ReadArchive {
  problems: ExportProblem[];
  /** The byte at which each file of the proof begins. */
  starts: ReadonlyMap<string, number>;
  /** How many files of the bundle were read and are what they have to be. */
  good: number;
  /** Bytes that were read. */
  bytes: number;
  /** False where the proof could not be read, so that nothing behind it was. */
  proof: boolean;
}

const PROOF = [STATEMENT, MANIFEST, KEYS];
/** More of a proof is not held in memory. */
const MOST_PROOF_BYTES = 8 * 1024 * 1024;

/**
 * Reads an archive to its end, in memory of a header, the proof and one hash. `planOf` is asked once, with the files that it
 * begins with. Never throws on what it reads.
 */
export async function readExportArchive(
  chunks: AsyncIterable<Uint8Array>,
  planOf: (files: ProofFiles) => Plan,
  stream: () => HashStream,
): Promise<ReadArchive> {
  const source = new ByteSource(chunks);
  const reading = new Reading(source, stream);
  const files = await reading.proof();
  if (files !== undefined) await reading.members(planOf(files));
  await source.skip(Infinity);
  const { problems, starts, good } = reading;
  return { problems, starts, good, bytes: source.at, proof: files !== undefined };
}

class Reading {
  readonly problems: ExportProblem[] = [];
  readonly starts = new Map<string, number>();
  good = 0;
  readonly #source: ByteSource;
  readonly #stream: () => HashStream;
  readonly #headers: { at: number; bytes: Uint8Array; size: number }[] = [];

  constructor(source: ByteSource, stream: () => HashStream) {
    this.#source = source;
    this.#stream = stream;
  }

  #add(code: ExportProblemCode, member: string | null, at: number, detail: string): void {
    this.problems.push({ code, member, at, detail });
  }

  /** The three files that an archive begins with; undefined where they cannot be told apart. */
  async proof(): Promise<ProofFiles | undefined> {
    const files: Uint8Array[] = [];
    for (const path of PROOF) {
      const { at } = this.#source;
      const said = await this.#said();
      if (said === undefined || said.path !== path || said.size > MOST_PROOF_BYTES) {
        const { length } = await this.#source.peek(BLOCK);
        if (length < BLOCK) this.#add('archive_cut', path, at + length, 'it ends before its end');
        else if (said === undefined) this.#add('header_altered', path, at, 'here stands no header of a file');
        else if (said.path !== path) this.#add('member_unexpected', path, at, `here stands ${said.path}`);
        else this.#add('member_overlong', path, at, `no proof has ${said.size} bytes`);
        return undefined;
      }
      this.#headers.push({ at, bytes: (await this.#source.peek(said.length)).slice(), size: said.size });
      await this.#source.skip(said.length);
      this.starts.set(path, this.#source.at);
      const kept: Uint8Array[] = [];
      if (!(await this.#content(path, said.size, (piece) => kept.push(piece.slice())))) return undefined;
      files.push(joined(kept, said.size));
    }
    const [statement, manifest, keys] = files as [Uint8Array, Uint8Array, Uint8Array];
    return { statement, manifest, keys };
  }

  async members({ members, mtime }: Plan): Promise<void> {
    const time = mtime ?? this.#timeOfFirst();
    this.#headers.forEach(({ at, bytes, size }, i) => {
      this.#compare(PROOF[i] ?? '', at, bytes, memberHeader(i, PROOF[i] ?? '', size, time));
    });
    const left = new Map(members.map((member, i) => [member.path, { ...member, index: PROOF.length + i }]));
    const listed = new Map(left);
    let after = 0;
    while (!isZero(await this.#source.peek(BLOCK))) {
      const wanted = [...left.values()];
      // Behind a gap it goes on as if nothing were missing, which is said at the end.
      const due = wanted.find(({ index }) => index > after) ?? wanted[0];
      const found = await this.#header(due, listed, time);
      if (found === undefined) return;
      const digest = this.#stream();
      const start = this.#source.at;
      if (!(await this.#content(found.path, found.size, (piece) => digest.update(piece)))) return;
      const want = listed.get(found.path);
      const same = want !== undefined && toHex(digest.digest()) === want.sha256;
      if (want !== undefined && !same) this.#add('file_altered', found.path, start, 'its SHA-256 is another');
      if (same && left.has(found.path)) this.good += 1;
      left.delete(found.path);
      after = want?.index ?? after;
    }
    for (const path of left.keys()) this.#add('member_missing', path, this.#source.at, 'it is not in the archive');
    await this.#end();
  }

  /** Takes the header of the next file; undefined where nothing behind it can be told apart. */
  async #header(
    due: (DueMember & { index: number }) | undefined,
    listed: ReadonlyMap<string, DueMember & { index: number }>,
    time: number,
  ): Promise<{ path: string; size: number } | undefined> {
    const { at } = this.#source;
    const said = await this.#said();
    const other = said !== undefined && said.path !== due?.path;
    if (due !== undefined && due.size !== null && !(other && (listed.has(said.path) || said.size !== due.size))) {
      const canonical = memberHeader(due.index, due.path, due.size, time);
      const bytes = await this.#source.peek(canonical.length);
      if (bytes.length < canonical.length) {
        this.#add('archive_cut', due.path, at + bytes.length, 'it ends before its end');
        return undefined;
      }
      this.#compare(due.path, at, bytes, canonical);
      await this.#source.skip(canonical.length);
      return { path: due.path, size: due.size };
    }
    if (said === undefined) {
      const bytes = await this.#source.peek(BLOCK);
      if (bytes.length < BLOCK)
        this.#add('archive_cut', due?.path ?? null, at + bytes.length, 'it ends before its end');
      else if (due === undefined)
        this.#add('archive_overlong', null, at + firstOther(bytes), 'it goes on behind its end');
      else this.#add('header_altered', due.path, at, 'here stands no header of a file');
      return undefined;
    }
    const index = listed.get(said.path)?.index;
    const where = due === undefined ? 'where the archive ends' : `where ${due.path} is due`;
    if (index === undefined || other) this.#add('member_unexpected', said.path, at, `it stands ${where}`);
    else
      this.#compare(
        said.path,
        at,
        await this.#source.peek(said.length),
        memberHeader(index, said.path, said.size, time),
      );
    await this.#source.skip(said.length);
    return said;
  }

  /** What the next header says, whoever wrote it. */
  async #said(): Promise<MemberHeader | undefined> {
    let needed = BLOCK;
    for (;;) {
      const bytes = await this.#source.peek(needed);
      const said = readMemberHeader(bytes);
      if (typeof said !== 'number') return said;
      if (bytes.length < needed || said > MOST_HEADER_BYTES) return undefined;
      needed = said;
    }
  }

  /** Hands the bytes of a file on and takes what fills its last block; false where the archive ends before. */
  async #content(path: string, size: number, use: (piece: Uint8Array) => unknown): Promise<boolean> {
    const end = this.#source.at + size;
    for await (const piece of this.#source.take(size)) use(piece);
    if (this.#source.at === end) {
      const padding = await this.#source.peek(paddingOf(size));
      const wrong = firstOther(padding);
      if (wrong !== -1) this.#add('padding_altered', path, end + wrong, 'what fills its last block is not empty');
      await this.#source.skip(paddingOf(size));
    }
    if (this.#source.at === end + paddingOf(size)) return true;
    this.#add('archive_cut', path, this.#source.at, 'it ends before its end');
    return false;
  }

  #compare(path: string, at: number, bytes: Uint8Array, canonical: Uint8Array): void {
    const wrong = canonical.findIndex((byte, i) => bytes[i] !== byte);
    if (wrong !== -1) this.#add('header_altered', path, at + wrong, 'its header is not the one that follows from it');
  }

  #timeOfFirst(): number {
    const first = readMemberHeader(this.#headers[0]?.bytes ?? new Uint8Array(BLOCK));
    return typeof first === 'object' ? first.mtime : 0;
  }

  /** Two blocks of zeros and nothing more. */
  async #end(): Promise<void> {
    const end = this.#source.at + TAR_END;
    for await (const piece of this.#source.take()) {
      const start = this.#source.at - piece.length;
      const wrong = firstOther(piece);
      const beyond = this.#source.at > end ? Math.max(0, end - start) : -1;
      const place = [wrong, beyond].filter((n) => n !== -1).sort((a, b) => a - b)[0];
      if (place === undefined) continue;
      this.#add('archive_overlong', null, start + place, 'it goes on behind its end');
      return;
    }
    if (this.#source.at < end) this.#add('archive_cut', null, this.#source.at, 'it ends before its end');
  }
}

const isZero = (block: Uint8Array): boolean => firstOther(block) === -1;
const firstOther = (bytes: Uint8Array): number => bytes.findIndex((byte) => byte !== 0);

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
