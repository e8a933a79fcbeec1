// A process that starts with the master key of a file, as every other one does, and says whether the database takes it.
import { masterKeyRing } from '../../../config/master-key-ring.ts';
import { MasterKeyError } from '../../../config/master-key.ts';
import { openDatabase } from '../../../db/client.ts';
import { openMasterKey } from '../../../db/command/pin-master-key.ts';
import { wrappedRows } from '../../../db/read/wrapped-rows.ts';
import { openDataKey } from '../../../db/secrets/envelope.ts';
import { loadWrappedColumns } from '../../../db/secrets/wrapped-columns.ts';
import { SecretsError } from '../../../db/secrets-error.ts';

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function open(url: string, path: string): Promise<void> {
  const db = openDatabase({ url, name: 'interlock-master-key-probe', max: 1 });
  try {
    const ring = (await openMasterKey(db, { read: masterKeyRing(path) }))();
    for (const column of await loadWrappedColumns())
      for (const { key, wrapped } of await wrappedRows(db, column, { key_id: ring.key_id, limit: 1 }))
        openDataKey(ring, column.place(key), wrapped);
    say({ key_id: ring.key_id });
  } catch (error) {
    if (!(error instanceof SecretsError || error instanceof MasterKeyError)) throw error;
    say({ code: error.code });
  } finally {
    await db.end();
  }
}

const [path = ''] = process.argv.slice(2);
await open(process.env['INTERLOCK_DATABASE_URL'] ?? '', path);
