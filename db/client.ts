import pg from 'pg';

const iso = (value: string): string => new Date(value).toISOString();
const { TIMESTAMPTZ, INT8 } = pg.types.builtins;
const PARSERS = new Map<number, (value: string) => unknown>([
  [TIMESTAMPTZ, iso],
  [INT8, Number],
]);
const standard = pg.types.getTypeParser as (oid: number, format?: string) => unknown;
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: string) =>
    PARSERS.get(oid) ?? standard(oid, format)) as typeof pg.types.getTypeParser,
};

export type Database = pg.Pool;
/** A connection inside a transaction, or the pool where a single statement is enough. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

export interface DatabaseOptions {
  url: string;
  name: string;
  max?: number;
}

/** Timestamps read as RFC 3339 strings and int8 as numbers; a lost server surfaces within 2 s, never as a hang. */
export function openDatabase({ url, name, max = 16 }: DatabaseOptions): Database {
  const config: pg.PoolConfig & { pipeline: boolean } = {
    connectionString: url,
    application_name: name,
    max,
    connectionTimeoutMillis: 2000,
    statement_timeout: 30_000,
    idle_in_transaction_session_timeout: 30_000,
    types,
    // Statements sent together travel together; the server still takes them one after the other.
    pipeline: true,
  };
  const pool = new pg.Pool(config);
  // An idle connection that breaks is the server going away; the next query reports it to whoever asks.
  pool.on('error', () => undefined);
  return pool;
}

/** Rows of a statement on the hot path: prepared once per connection under its name. */
export async function prepared<T>(db: Queryable, name: string, text: string, values: unknown[]): Promise<T[]> {
  const result = await db.query({ name, text, values });
  return result.rows as T[];
}

/** Rows of one statement. `T` is the row type of the schema. */
export async function rows<T>(db: Queryable, text: string, values: unknown[] = []): Promise<T[]> {
  const result = await db.query({ text, values });
  return result.rows as T[];
}

export async function one<T>(db: Queryable, text: string, values: unknown[] = []): Promise<T | undefined> {
  return (await rows<T>(db, text, values))[0];
}
