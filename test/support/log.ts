import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { rows } from '../../db/client.ts';
import type { Database } from '../../db/client.ts';
import { publishedLog } from '../../db/read/log.ts';
import { transaction } from '../../db/transaction.ts';
import { writeEntries } from '../../db/write/ledger.ts';
import type { EntryDraft } from '../../db/write/ledger.ts';
import { runSequencer } from '../../workers/sequencer/sequencer.ts';
import { eventually } from './eventually.ts';
import { OPERATOR } from './record.ts';
import { removeTree } from './remove-tree.ts';

/** An entry that says nothing but its number. */
export const entryOf = (n: number, over: Partial<EntryDraft> = {}): EntryDraft => ({
  at: '2026-11-21T12:00:00.000Z',
  ...OPERATOR,
  action: 'tested',
  object: `test/${n}`,
  record_hash: null,
  record_version: null,
  detail: { n },
  policy_digest: null,
  ...over,
});

export const append = (db: Database, ...entries: EntryDraft[]): Promise<void> =>
  transaction(db, (tx) => writeEntries(tx, entries));

/** Sequencers of a record, as the control process runs one. */
export function startSequencers(
  { db, databaseUrl }: { db: Database; databaseUrl: string },
  count = 1,
): { stop: () => Promise<void> } {
  const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-ledger-'));
  const stopping = new AbortController();
  const deps = { db, databaseUrl, stateRoot, log: pino({ level: 'silent' }) };
  const running = Array.from({ length: count }, () => runSequencer(deps, stopping.signal));
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(running);
      removeTree(stateRoot);
    },
  };
}

/** Waits until a signed checkpoint covers every entry; returns its size. */
export async function allPublished(db: Database): Promise<number> {
  const written = async () => (await rows<{ n: number }>(db, 'SELECT count(*) AS n FROM ledger_entries'))[0]?.n ?? 0;
  await eventually(async () => (await publishedLog(db))?.size === (await written()));
  return written();
}
