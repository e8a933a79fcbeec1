import { getTableColumns } from 'drizzle-orm';
import { one, rows } from '../db/client.ts';
import type { Database } from '../db/client.ts';
import { holds } from '../db/schema/gates.ts';
import { incidents } from '../db/schema/incidents.ts';
import { ledgerEntries } from '../db/schema/ledger.ts';
import { columnType, unnestInsert } from '../db/write/unnest.ts';
import { transaction } from '../db/transaction.ts';

type Row = Record<string, unknown>;

/** Incident, holds and entries of one report as the API wrote them. */
interface Sample {
  table: string;
  columns: string[];
  types: string[];
  list: Row[];
}

const TABLES = { incidents, holds, ledger_entries: ledgerEntries } as const;

async function sample(db: Database, cls: string): Promise<Sample[]> {
  const last = await one<{ id: string }>(
    db,
    `SELECT id FROM incidents WHERE workspace_id = 'default' AND class = $1 ORDER BY severity_rank, created_at DESC, id LIMIT 1`,
    [cls],
  );
  const where = {
    incidents: ['id = $1', last?.id],
    holds: ['incident_id = $1', last?.id],
    ledger_entries: ['object = $1', `incident/${last?.id}`],
  } as const;
  return Promise.all(
    (Object.keys(TABLES) as (keyof typeof TABLES)[]).map(async (table) => {
      const columns = Object.keys(getTableColumns(TABLES[table])).filter((c) => c !== 'entry_id');
      const all = getTableColumns(TABLES[table]) as Record<string, Parameters<typeof columnType>[0]>;
      const [condition, value] = where[table];
      const list = await rows<Row>(db, `SELECT * FROM ${table} WHERE workspace_id = 'default' AND ${condition}`, [
        value,
      ]);
      return { table, columns, types: columns.map((c) => columnType(all[c])), list };
    }),
  );
}

let copies = 0;
const cell = (v: unknown): unknown =>
  typeof v === 'object' && v !== null && !Buffer.isBuffer(v) ? JSON.stringify(v) : v;

const mapValues = (row: Row, f: (v: unknown) => unknown): Row =>
  Object.fromEntries(Object.entries(row).map(([k, v]) => [k, f(v)]));

/** The same rows in batches of `size`, a transaction each, nothing judged: the limit on this machine. Reports per second. */
export async function rawBatches(db: Database, cls: string, size: number, seconds: number): Promise<number> {
  const samples = await sample(db, cls);
  const until = performance.now() + seconds * 1000;
  const from = performance.now();
  let written = 0;
  while (performance.now() < until) {
    await transaction(db, async (tx) => {
      const batch = Array.from({ length: size }, () => `RAW-${copies++}`);
      for (const { table, columns, types, list } of samples) {
        const copy = batch.flatMap((id) =>
          list.map((row) => ({
            ...row,
            id,
            incident_id: id,
            hold_id: `${id}/${String(row['action'])}`,
            dedup_key: null,
          })),
        );
        const insert = unnestInsert(table, columns, types);
        const values = insert.values(copy.map((row) => mapValues(row, cell)));
        await tx.query({ name: `raw-${table}`, text: insert.text, values });
      }
    });
    written += size;
  }
  return (written / (performance.now() - from)) * 1000;
}
