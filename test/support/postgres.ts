import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { openDatabase } from '../../db/client.ts';
import type {} from './global-setup.ts';

export interface TestDatabase {
  url: string;
  drop: () => Promise<void>;
}

/** A migrated database of its own, cloned from the run's template. */
export async function testDatabase(): Promise<TestDatabase> {
  const adminUrl = inject('postgresUrl');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const run = async (statement: string) => {
    const admin = openDatabase({ url: adminUrl, name: 'test-admin', max: 1 });
    try {
      await admin.query(statement);
    } finally {
      await admin.end();
    }
  };
  await run(`CREATE DATABASE ${name} TEMPLATE interlock_template`);
  return { url: adminUrl.replace(/\/postgres$/, `/${name}`), drop: () => run(`DROP DATABASE ${name} WITH (FORCE)`) };
}
