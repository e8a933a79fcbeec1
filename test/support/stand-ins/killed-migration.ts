import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import pg from 'pg';
import { pino } from 'pino';
import { openDatabase } from '../../../db/client.ts';
import { rotationPort } from '../../../workers/rotation/rotation-port.ts';

/**
 * Takes a rotation step by step as a worker does, and ends without a word at its `killAt`-th statement or change of a file:
 * before it, or when it has been sent. With `step` only those count that come when it is due.
 */
const [url = '', stateRoot = '', masterKeyFile = '', rotation_id = '', killAt = '', step = ''] = process.argv.slice(2);

let left = Number(killAt);
let counts = step === '';
const end = () => process.kill(process.pid, 'SIGKILL');
function counted<T extends object>(of: T, name: keyof T & string): void {
  const real = of[name] as (...args: unknown[]) => unknown;
  const change = function (this: unknown, ...args: unknown[]): unknown {
    if (!counts) return real.apply(this, args);
    left -= 1;
    if (left === 0 && Number(killAt) % 2 === 0) end();
    const result = real.apply(this, args);
    if (left === 0) setImmediate(end);
    return result;
  };
  Object.assign(of, { [name]: change });
}
const client: { query: unknown } = pg.Client.prototype;
counted(client, 'query');
for (const name of ['open', 'rename', 'copyFile', 'rm'] as const) counted(fs, name);
syncBuiltinESMExports();

const db = openDatabase({ url, name: 'killed-migration', max: 4 });
const port = await rotationPort({
  db,
  databaseUrl: url,
  stateRoot,
  masterKey: () => {
    throw new Error('the migration opens its own');
  },
  masterKeyFile,
  adminTokenFile: undefined,
  readonlyTokenFile: undefined,
  baseUrl: 'http://127.0.0.1:9',
  log: pino({ level: 'silent' }),
});
for (let over = false; !over;) {
  const view = await port.rotate({ workspace_id: 'default', rotation_id });
  over = view?.over ?? true;
  counts ||= view?.step === step;
}
await db.end();
