import type { WrappedRow } from '../read/wrapped-rows.ts';
import type { WrappedColumn } from '../secrets/wrapped-columns.ts';
import type { Tx } from '../transaction.ts';

/** Gives rows that this transaction holds their new text. */
export async function replaceWrapped(
  tx: Tx,
  { table, column, key }: WrappedColumn,
  replaced: readonly WrappedRow[],
): Promise<void> {
  const arrays = [...key, column].map((_, i) => `$${i + 1}::text[]`).join(', ');
  const same = key.map((name) => `t.${name} = u.${name}`).join(' AND ');
  const { rowCount } = await tx.query(
    `UPDATE ${table} AS t SET ${column} = u.wrapped FROM unnest(${arrays}) AS u(${key.join(', ')}, wrapped) WHERE ${same}`,
    [...key.map((_, i) => replaced.map((row) => row.key[i])), replaced.map(({ wrapped }) => wrapped)],
  );
  if (rowCount !== replaced.length)
    throw new Error(`${rowCount ?? 0} of ${replaced.length} rows of ${table} were replaced`);
}
