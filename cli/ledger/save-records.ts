import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { recordLineSchema } from '../../domain/ledger/records-file.ts';
import type { Client } from '../client.ts';
import { CliError, RefusedError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';

/** What says that there are no records for this caller. */
const WITHOUT = [401, 403, 404];

/** The records of the server; null where it has none, or none for this caller. Errors: those of the client. */
export async function recordsOf(client: Client): Promise<AsyncIterable<Uint8Array> | null> {
  try {
    return (await client.download('/v1/ledger/records')).chunks;
  } catch (error) {
    if (error instanceof RefusedError && WITHOUT.includes(error.status)) return null;
    throw error;
  }
}

export interface SavedRecords {
  /** Leaves of a checkpoint that covers them. */
  size: number;
  /** Puts them into their place, whole. */
  keep: () => Promise<void>;
  /** Removes them, where they were not kept. */
  drop: () => Promise<void>;
}

/** The last line is a few numbers. */
const TAIL = 1024;

/** Writes the records beside their place, and reads in their last line what covers them. Errors: CliError. */
export async function saveRecords(
  chunks: AsyncIterable<Uint8Array> | null,
  folder: string,
): Promise<SavedRecords | null> {
  if (chunks === null) return null;
  await mkdir(folder, { recursive: true });
  const draft = `${folder}/records.${randomUUID()}.tmp`;
  let tail = Buffer.alloc(0);
  try {
    await using file = await open(draft, 'wx', 0o600);
    for await (const chunk of chunks) {
      await file.writeFile(chunk);
      tail = Buffer.concat([tail, chunk]).subarray(-TAIL);
    }
    await file.sync();
    const last = tail.toString().trimEnd().split('\n').at(-1) ?? '';
    return {
      size: endOf(last),
      keep: () => rename(draft, `${folder}/records`),
      drop: () => rm(draft, { force: true }),
    };
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

function endOf(line: string): number {
  try {
    const end = recordLineSchema.parse(JSON.parse(line));
    if (end.kind === 'end') return end.size;
  } catch {
    // Told below, without what came.
  }
  throw new CliError('the records were cut off', 'records_malformed', EXIT.no);
}
