import { openDatabase } from '../../db/client.ts';
import { schemaStatus } from '../../db/migrate.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';

/** The migrations of a database without any server. Errors: CliError database_unreachable; the URL is in none of them. */
export async function offlineSchema(url: string): Promise<{ version: number; head: number }> {
  const db = openDatabase({ url, name: 'interlock-cli', max: 1 });
  try {
    return await schemaStatus(db);
  } catch {
    throw new CliError(
      'the database does not answer, or is none of Interlock',
      'database_unreachable',
      EXIT.unreachable,
    );
  } finally {
    await db.end();
  }
}
