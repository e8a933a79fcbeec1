import { readFileSync } from 'node:fs';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { one, openDatabase } from './client.ts';
import type { Database, Queryable } from './client.ts';

const FOLDER = new URL('./migrations/', import.meta.url);

interface Journal {
  entries: { tag: string; when: number }[];
}

const journal = (): Journal => JSON.parse(readFileSync(new URL('meta/_journal.json', FOLDER), 'utf8')) as Journal;

/** Applies what is missing; several processes may start at once, one of them migrates. */
export async function migrateDatabase(db: Database): Promise<void> {
  const client = await db.connect();
  try {
    await client.query("SELECT pg_advisory_lock(hashtext('interlock:migrate'))");
    await migrate(drizzle(client), { migrationsFolder: FOLDER.pathname });
  } finally {
    client.release(true);
  }
}

/** `version`: migrations applied; `head`: migrations this code knows. */
export async function schemaStatus(db: Queryable): Promise<{ version: number; head: number }> {
  const row = await one<{ n: number }>(db, 'SELECT count(*) AS n FROM drizzle.__drizzle_migrations');
  return { version: row?.n ?? 0, head: journal().entries.length };
}

if (import.meta.main) {
  const url = process.env['INTERLOCK_DATABASE_URL'];
  if (!url) throw new Error('INTERLOCK_DATABASE_URL is not set');
  const db = openDatabase({ url, name: 'interlock-migrate', max: 1 });
  try {
    await migrateDatabase(db);
    const { version, head } = await schemaStatus(db);
    console.log(JSON.stringify({ event: 'database.migrated', version, head }));
  } finally {
    await db.end();
  }
}
