import type { Column } from 'drizzle-orm';

/** The SQL type whose array carries a column through unnest. */
export function columnType(column: Column | undefined): string {
  if (column === undefined) throw new Error('no such column');
  return column.getSQLType();
}

/** `INSERT … SELECT unnest(…)`: one statement, one parameter per column, any number of rows. */
export function unnestInsert(table: string, columns: readonly string[], types: readonly string[], tail = ''): string {
  const list = columns.map((name) => `"${name}"`).join(', ');
  const arrays = types.map((type, i) => `$${i + 1}::${type}[]`).join(', ');
  return `INSERT INTO ${table} (${list}) SELECT * FROM unnest(${arrays}) ${tail}`;
}

/** Turns rows into one array per column, in the order of `columns`. */
export function columnArrays<T>(list: readonly T[], columns: readonly (keyof T)[]): unknown[][] {
  return columns.map((name) => list.map((row) => row[name]));
}
