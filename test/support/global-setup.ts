import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../db/client.ts';
import { migrateDatabase } from '../../db/migrate.ts';
import { startPostgres } from './postgres-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
  }
}

/** One server and one migrated template for the whole run; each test file clones a database of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  const admin = openDatabase({ url: server.url('postgres'), name: 'test-setup', max: 1 });
  await admin.query('CREATE DATABASE interlock_template');
  const template = openDatabase({ url: server.url('interlock_template'), name: 'test-setup', max: 1 });
  await migrateDatabase(template);
  await template.end();
  await admin.end();
  project.provide('postgresUrl', server.url('postgres'));
  return server.stop;
}
