import { gapsOf } from '../../domain/ledger/partial-tree.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';
import { sequencedEntries } from './entries.ts';
import type { SequencedEntry } from './entries.ts';
import type { Pages } from './forensic-records.ts';
import { logProver } from './log.ts';
import type { PublishedLog } from './log.ts';
import { walk } from './walk.ts';

/** A leaf has up to 8 KiB. */
const PAGE = 200;

/** Where in the log the entries are that were read: what proves them besides themselves follows from it. */
export class EntryPlaces {
  /** Ranges of indexes that do not touch: from, to, from, to… */
  readonly runs: number[] = [];
  count = 0;

  add(index: number): void {
    if (this.runs.at(-1) === index) this.runs[this.runs.length - 1] = index + 1;
    else this.runs.push(index, index + 1);
  }
}

/** The leaf is canonical JSON already, and the members are in their order. */
const placed = (epoch: number, { index, leaf, leaf_hash }: SequencedEntry): string =>
  `{"entry":${leaf},"id":"${epoch}-${index}","index":${index},"leaf_hash":"${leaf_hash.toString('base64')}"}`;

const unplaced = ({ leaf, leaf_hash }: Pick<SequencedEntry, 'leaf' | 'leaf_hash'>): string =>
  `{"entry":${leaf},"leaf_hash":"${leaf_hash.toString('base64')}"}`;

/**
 * Every entry that the workspace sees, in the order of the log: those of earlier epochs, those under the checkpoint, whose
 * places are noted, and those that were written since, which have no place yet.
 */
export async function* entryPages(tx: Queryable, workspace_id: string, log: PublishedLog, places: EntryPlaces): Pages {
  const heads = await rows<{ epoch: number; size: number }>(
    tx,
    `SELECT epoch, size FROM log_heads WHERE workspace_id = 'system' ORDER BY epoch`,
  );
  for (const { epoch, size } of heads) {
    const page = (from: number) => sequencedEntries(tx, { workspace_id, epoch, from, below: size, limit: PAGE });
    for await (const found of walk(0, PAGE, page, ({ index }) => index + 1)) {
      places.count += found.length;
      // The newest epoch may have entries before it has a checkpoint.
      const covered = (index: number) => epoch < log.epoch || (epoch === log.epoch && index < log.size);
      if (epoch === log.epoch) for (const { index } of found) if (covered(index)) places.add(index);
      yield found.map((entry) => (covered(entry.index) ? placed(epoch, entry) : unplaced(entry)));
    }
  }
  yield* unsequencedPages(tx, workspace_id, places);
}

const WAITING = 'SELECT batch_id, entry_ids FROM ledger_unsequenced WHERE batch_id > $1 ORDER BY batch_id LIMIT 1';
const ENTRIES = `SELECT leaf, leaf_hash FROM ledger_entries
  WHERE entry_id = ANY($1::int8[]) AND workspace_id = ANY($2) ORDER BY entry_id`;

/** Entries that nobody has given a place yet. */
async function* unsequencedPages(tx: Queryable, workspace_id: string, places: EntryPlaces): Pages {
  const visible = visibleWorkspaces(workspace_id);
  const page = (after: number) => rows<{ batch_id: number; entry_ids: string[] }>(tx, WAITING, [after]);
  for await (const batch of walk(0, 1, page, ({ batch_id }) => batch_id)) {
    const ids = batch.flatMap(({ entry_ids }) => entry_ids);
    for (let i = 0; i < ids.length; i += PAGE) {
      const found = await rows<SequencedEntry>(tx, ENTRIES, [ids.slice(i, i + PAGE), visible]);
      places.count += found.length;
      yield found.map(unplaced);
    }
  }
}

/** The hashes of what stands between the noted places, base64 in JSON: with them the entries have the log's root. */
export async function* gapHashPages(tx: Queryable, log: PublishedLog, places: EntryPlaces): Pages {
  const prover = logProver(tx, log.epoch);
  let page: string[] = [];
  for (const { from, to } of gapsOf(places.runs, log.size)) {
    const hash = await prover.subtree(from, to, log.size);
    page.push(`"${Buffer.from(hash).toString('base64')}"`);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  yield page;
}
