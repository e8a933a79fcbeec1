import { pino } from 'pino';
import { openDatabase } from '../../../db/client.ts';
import { SecretsError } from '../../../db/secrets-error.ts';
import { createChildren } from '../../../workers/children/keep-children.ts';

/** A control process that does nothing but run child adapters, until it is killed. */
const [databaseUrl = ''] = process.argv.slice(2);
const masterKey = () => {
  throw new SecretsError('master_key_missing');
};
const db = openDatabase({ url: databaseUrl, name: 'test-children', max: 4 });
const commands = { file: undefined, env: 'embedded' as const };
const children = createChildren({ db, databaseUrl, masterKey, commands, log: pino({ level: 'silent' }) });
await children.keep(new AbortController().signal);
