import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerLeaf } from '../../domain/ledger/entry.ts';
import { parseCheckpoint } from '../../domain/ledger/checkpoint.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import { parseNote } from '../../domain/ledger/note.ts';
import type { Client } from '../client.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { cellText } from '../output/table.ts';
import { LIMITS } from './log-files.ts';

export interface TailEntry {
  id: string;
  index: number;
  entry: LedgerLeaf;
}

const PAGE = 500;
const POLL_MS = 1000;
/** Without an index a tail begins so many entries before the end, as tail does with lines. */
const LAST = 20;

/** The index from which the last entries of the log are read. Its word is taken for where it ends. */
export async function lastFrom(client: Client): Promise<number> {
  const note = Buffer.from(await client.bytes('/ledger/checkpoint', LIMITS.note)).toString();
  try {
    return Math.max(0, parseCheckpoint(parseNote(note).text).size - LAST);
  } catch (error) {
    if (error instanceof LedgerError) throw new CliError(error.message, error.code, EXIT.no);
    throw error;
  }
}

/** Entries that the caller may see, from an index on, page by page; with `follow` for as long as somebody reads. */
export async function* entriesFrom(client: Client, from: number, follow: boolean): AsyncGenerator<TailEntry[]> {
  for (let next = from; ;) {
    const page = await client.get<TailEntry[]>('/v1/ledger/entries', { query: { from: next, limit: PAGE } });
    next = (page.body.at(-1)?.index ?? next - 1) + 1;
    yield page.body;
    if (page.next !== undefined && page.body.length > 0) continue;
    if (!follow) return;
    await sleep(POLL_MS);
  }
}

const COLUMNS: { head: string; width: number; cell: (item: TailEntry) => string | number }[] = [
  { head: 'INDEX', width: 8, cell: (i) => i.index },
  { head: 'AT', width: 24, cell: (i) => i.entry.at },
  { head: 'WORKSPACE', width: 10, cell: (i) => i.entry.workspace_id },
  { head: 'ACTOR', width: 20, cell: (i) => i.entry.actor },
  { head: 'ACTION', width: 28, cell: (i) => i.entry.action },
  { head: 'OBJECT', width: 0, cell: (i) => i.entry.object },
];

/** Columns of one width, as nobody knows what comes: a longer cell pushes its own line only. */
export const TAIL_HEAD = COLUMNS.map(({ head, width }) => head.padEnd(width)).join('  ');
export const tailLine = (item: TailEntry): string =>
  COLUMNS.map(({ width, cell }) => cellText(cell(item)).padEnd(width)).join('  ');
