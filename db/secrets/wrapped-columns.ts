import { readdir } from 'node:fs/promises';
import type { Place } from './envelope.ts';

/**
 * A column whose text is a data key under the master key. Its table has an index on `split_part(column, '.', 3)`, the id of
 * the wrapping key, followed by the columns of `key`: a migration and its proofs walk that.
 */
export interface WrappedColumn {
  table: string;
  column: string;
  /** The primary key; text columns. */
  key: readonly string[];
  /** What the data key is bound to, from the values of `key`. */
  place: (key: readonly string[]) => Place;
}

const FOLDER = new URL('./wrapped/', import.meta.url);

/** Every file of the folder is a column that the master key wraps; one that is missing there would be lost with the old key. */
export async function loadWrappedColumns(): Promise<readonly WrappedColumn[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.ts')).sort();
  const modules = files.map((name) => import(new URL(name, FOLDER).href) as Promise<{ column: WrappedColumn }>);
  return (await Promise.all(modules)).map(({ column }) => column);
}
