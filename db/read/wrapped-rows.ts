import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { WrappedColumn } from '../secrets/wrapped-columns.ts';

export interface WrappedRow {
  /** Values of the column's `key`. */
  key: string[];
  wrapped: string;
}

/** The id of the master key that wraps a row, as its index has it. */
const wrappedBy = (column: string): string => `split_part(${column}, '.', 3)`;

export interface PageOf {
  /** The wrapping key's id. */
  key_id: string;
  /** The last key of the page before. */
  after?: readonly string[] | undefined;
  limit: number;
  /** Holds the rows until the transaction ends. */
  lock?: boolean;
}

/** Rows that one master key wraps, by their key. */
export async function wrappedRows(
  db: Queryable,
  { table, column, key }: WrappedColumn,
  { key_id, after, limit, lock = false }: PageOf,
): Promise<WrappedRow[]> {
  const keys = key.join(', ');
  const from = after === undefined ? '' : `AND (${keys}) > (${key.map((_, i) => `$${i + 3}`).join(', ')})`;
  return rows<WrappedRow>(
    db,
    `SELECT ARRAY[${keys}] AS key, ${column} AS wrapped FROM ${table} WHERE ${wrappedBy(column)} = $1 ${from}
      ORDER BY ${keys} LIMIT $2${lock ? ' FOR NO KEY UPDATE' : ''}`,
    [key_id, limit, ...(after ?? [])],
  );
}

/** More than a migration and what was abandoned before it can leave. */
const IDS_AT_MOST = 16;

/** The ids of the keys that wrap anything, one step of the index for each. */
export async function wrappingKeyIds(db: Queryable, columns: readonly WrappedColumn[]): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const { table, column } of columns) {
    const by = wrappedBy(column);
    const found = await rows<{ id: string }>(
      db,
      `WITH RECURSIVE ids AS (
          (SELECT ${by} AS id FROM ${table} ORDER BY ${by} LIMIT 1)
          UNION ALL
          SELECT (SELECT ${by} FROM ${table} WHERE ${by} > ids.id ORDER BY ${by} LIMIT 1) FROM ids WHERE ids.id IS NOT NULL
        ) SELECT id FROM ids WHERE id IS NOT NULL LIMIT ${IDS_AT_MOST}`,
    );
    for (const { id } of found) ids.add(id);
  }
  return ids;
}
