import pg from 'pg';
import type { PostgresSecrets } from './postgres-secrets.ts';

/** SQLSTATE of a server that is starting, stopping or recovering, and of a role or database that does not exist. */
const notYet = new Set(['57P01', '57P02', '57P03', 'ECONNREFUSED', 'ECONNRESET']);
const absent = new Set(['28P01', '28000', '3D000']);

/**
 * True when role and database `interlock` answer; makes them where they are missing. The role is no superuser: what
 * reaches the database through Interlock cannot read the server's files. It may create databases (tests clone theirs).
 */
export async function databaseAnswers(port: number, secrets: PostgresSecrets): Promise<boolean> {
  try {
    await query(port, 'interlock', secrets.interlock, 'SELECT 1');
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== undefined && absent.has(code)) return createDatabase(port, secrets);
    if (code === undefined || notYet.has(code)) return false;
    throw error;
  }
}

async function createDatabase(port: number, secrets: PostgresSecrets): Promise<boolean> {
  const asSuperuser = (statement: string) => query(port, 'postgres', secrets.superuser, statement);
  const roles = await asSuperuser("SELECT 1 FROM pg_roles WHERE rolname = 'interlock'");
  // A password is a literal in SQL, never a parameter; these are base64url, so there is nothing to escape.
  const password = `PASSWORD '${secrets.interlock}'`;
  await asSuperuser(`${roles.length === 0 ? 'CREATE' : 'ALTER'} ROLE interlock LOGIN CREATEDB ${password}`);
  const databases = await asSuperuser("SELECT 1 FROM pg_database WHERE datname = 'interlock'");
  if (databases.length === 0) await asSuperuser('CREATE DATABASE interlock OWNER interlock');
  return true;
}

/** Runs one statement as `user` in the database of the same name. */
async function query(port: number, user: string, password: string, statement: string): Promise<unknown[]> {
  const address = { host: '127.0.0.1', port, user, database: user, password };
  const client = new pg.Client({ ...address, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(statement)).rows as unknown[];
  } finally {
    await client.end();
  }
}
