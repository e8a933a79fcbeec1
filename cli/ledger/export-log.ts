import { readdir, rm } from 'node:fs/promises';
import type { Checkpoint } from '../../domain/ledger/checkpoint.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import type { NoteKey } from '../../domain/ledger/note.ts';
import { TILE_WIDTH } from '../../domain/ledger/right-edge.ts';
import { widthAt } from '../../domain/ledger/tile.ts';
import type { TileName } from '../../domain/ledger/tile.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { inLanes } from './lanes.ts';
import { LIMITS, filesOf, hasForm, stepCount, tileFile, tileLimit } from './log-files.ts';
import { archiveOf, keysOf } from './log-key.ts';
import { logFolder } from './log-source.ts';
import type { LogSource } from './log-source.ts';
import { checkpointOf, keyOf } from './open-note.ts';
import { saveRecords } from './save-records.ts';
import type { SavedRecords } from './save-records.ts';
import { replaceFile } from './write-file.ts';

/** Requests under way at once; each holds one file. */
const LANES = 6;

export interface ExportProgress {
  done: number;
  of: number;
}

export interface Exported {
  origin: string;
  size: number;
  fetched: number;
  kept: number;
  /** Whether there were records that this caller may have. */
  records: boolean;
}

const refuse = (message: string, code: string): CliError => new CliError(message, code, EXIT.no);

/**
 * Writes the log into a folder: tiles first, the checkpoint that covers them last, so that a copy is always one of its
 * checkpoint. What an earlier export completed stays. Errors: CliError, its code a LedgerError's where the log is malformed.
 */
export async function exportLog(
  log: LogSource,
  folder: string,
  progress: ExportProgress,
  records: () => Promise<AsyncIterable<Uint8Array> | null> = () => Promise.resolve(null),
): Promise<Exported> {
  // First of all: the checkpoint that is fetched after them covers them.
  const saved = await saveRecords(await records(), folder);
  try {
    return { ...(await exportTree(log, folder, progress, saved)), records: saved !== null };
  } finally {
    await saved?.drop();
  }
}

async function exportTree(
  log: LogSource,
  folder: string,
  progress: ExportProgress,
  saved: SavedRecords | null,
): Promise<Omit<Exported, 'records'>> {
  const [key, keys] = [await required(log, 'key'), await log.read('keys', LIMITS.keys)];
  const checkpoint = await required(log, 'checkpoint');
  const { origin, size } = opened(checkpoint, () => [keyOf(key)], 'the log');
  if (saved !== null && saved.size > size) throw refuse('the log is shorter than its records say', 'log_short');
  // What is malformed is none of ours to keep.
  if (keys !== null) opened(checkpoint, () => keysOf(archiveOf(keys)), 'the log');
  const had = await sizeBefore(folder, { origin, size });
  progress.of = [...levelCounts(size)].reduce((sum, count) => sum + count, stepCount(size));
  const counts = { fetched: 0, kept: 0 };
  await inLanes(filesOf(size), LANES, async (name) => {
    if (await isThere(folder, name)) counts.kept += 1;
    else {
      await replaceFile(`${folder}/${tileFile(name)}`, await fetched(log, name));
      counts.fetched += 1;
    }
    progress.done += 1;
  });
  await saved?.keep();
  if (keys !== null) await replaceFile(`${folder}/keys`, keys, { last: true });
  await replaceFile(`${folder}/key`, key, { last: true });
  await replaceFile(`${folder}/checkpoint`, checkpoint, { last: true });
  for (const name of outgrown(had, size)) await dropOthers(folder, name);
  return { origin, size, ...counts };
}

async function required(log: LogSource, path: string): Promise<Uint8Array> {
  const bytes = await log.read(path, LIMITS.note);
  if (bytes === null) throw refuse(`the log has no ${path}`, `${path}_missing`);
  return bytes;
}

function opened(checkpoint: Uint8Array, keys: () => NoteKey[], whose: string): Checkpoint {
  try {
    return checkpointOf(checkpoint, keys());
  } catch (error) {
    if (error instanceof LedgerError) throw refuse(`${whose} is not what its key signed: ${error.message}`, error.code);
    throw error;
  }
}

/**
 * The size of the copy that is there, 0 without one. A copy of another log, or of more than the log has now, is evidence and
 * stays as it is. Errors: CliError `origin_mismatch`, `log_short`.
 */
async function sizeBefore(folder: string, now: { origin: string; size: number }): Promise<number> {
  const files = logFolder(folder);
  const [checkpoint, key] = [await files.read('checkpoint', LIMITS.note), await files.read('key', LIMITS.note)];
  if (checkpoint === null) return 0;
  if (key === null) throw refuse(`${folder} has a checkpoint without its key`, 'key_missing');
  // An export that ended between the two has the key of a newer checkpoint; the one before it is in the archive.
  const archive = await files.read('keys', LIMITS.keys);
  const keys = () => [keyOf(key), ...(archive === null ? [] : keysOf(archiveOf(archive)))];
  const { origin, size } = opened(checkpoint, keys, folder);
  if (origin !== now.origin) throw refuse(`${folder} is a copy of ${origin}, not of ${now.origin}`, 'origin_mismatch');
  if (size > now.size) throw refuse(`${folder} has ${size} entries, the log ${now.size}`, 'log_short');
  return size;
}

async function fetched(log: LogSource, name: TileName): Promise<Uint8Array> {
  const bytes = await log.read(tileFile(name), tileLimit(name));
  if (bytes === null) throw refuse(`the log has no ${tileFile(name)}`, 'tile_missing');
  if (!hasForm(name, bytes)) throw refuse(`the log has a malformed ${tileFile(name)}`, 'tile_malformed');
  return bytes;
}

/** Read and not only looked for: after a power cut a file may be there without its bytes. */
async function isThere(folder: string, name: TileName): Promise<boolean> {
  if (name.width < TILE_WIDTH) return false;
  const bytes = await logFolder(folder).read(tileFile(name), tileLimit(name));
  return bytes !== null && hasForm(name, bytes);
}

function* levelCounts(size: number): Generator<number> {
  for (let hashes = size; hashes > 0; hashes = Math.floor(hashes / TILE_WIDTH)) yield Math.ceil(hashes / TILE_WIDTH);
}

/** Tiles that may lie there at an earlier width, also of an export that did not get as far as its checkpoint. */
function* outgrown(from: number, size: number): Generator<TileName> {
  for (const level of ['entries', 0, 1, 2, 3, 4, 5, 6] as const) {
    const under = TILE_WIDTH ** (level === 'entries' ? 1 : level + 1);
    for (let n = Math.floor(from / under); widthAt({ level, n }, size) > 0; n += 1)
      yield { level, n, width: widthAt({ level, n }, size) };
  }
}

async function dropOthers(folder: string, { level, n, width }: TileName): Promise<void> {
  const partials = `${folder}/${tileFile({ level, n, width: 1 })}`.slice(0, -'/1'.length);
  if (width === TILE_WIDTH) return rm(partials, { recursive: true, force: true });
  const widths = await readdir(partials).catch((): string[] => []);
  for (const other of widths) if (other !== String(width)) await rm(`${partials}/${other}`, { force: true });
}
