import type { Column } from 'drizzle-orm';
import { binaryArray } from './binary-array.ts';

/** The SQL type whose array carries a column through unnest. */
export function columnType(column: Column | undefined): string {
  if (column === undefined) throw new Error('no such column');
  return column.getSQLType();
}

/** A statement that takes rows as one array per column, in the order of its columns. */
export interface Unnested<T> {
  text: string;
  values: (list: readonly T[]) => Buffer[];
}

/** `INSERT … SELECT unnest(…)`: one statement, one parameter per column, any number of rows. */
export function unnestInsert<C extends string>(
  table: string,
  columns: readonly C[],
  types: readonly string[],
  tail = '',
): Unnested<Record<C, unknown>> {
  const list = columns.map((name) => `"${name}"`).join(', ');
  const text = `INSERT INTO ${table} (${list}) SELECT * FROM unnest(${arrayParameters(types)}) ${tail}`;
  return { text, values: columnArrays(columns, types) };
}

/** `$1::text[], $2::int4[], …` */
export const arrayParameters = (types: readonly string[]): string =>
  types.map((type, i) => `$${i + 1}::${type}[]`).join(', ');

/** Turns rows into one array per column. */
export const columnArrays =
  <C extends string>(columns: readonly C[], types: readonly string[]) =>
  (list: readonly Record<C, unknown>[]): Buffer[] =>
    columns.map((name, i) =>
      binaryArray(
        types[i] as string,
        list.map((row) => row[name]),
      ),
    );
