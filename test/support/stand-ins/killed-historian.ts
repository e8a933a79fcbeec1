import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { openDatabase } from '../../../db/client.ts';
import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';
import { storeHistories } from '../../../workers/histories/keep-storing.ts';

/** Stores histories, and ends without a word once so many blobs are written, before the last of them is on record. */
const [url = '', address = '', root = '', count = ''] = process.argv.slice(2);
const blobs = new FilesystemBlobs(root);
let put = 0;
const client = new Client({ connection: await Connection.connect({ address }) });
await storeHistories({
  db: openDatabase({ url, name: 'killed-historian', max: 4 }),
  client,
  blobs: {
    put: async (key, bytes) => {
      const done = await blobs.put(key, bytes);
      put += 1;
      if (put === Number(count)) process.kill(process.pid, 'SIGKILL');
      return done;
    },
  },
  log: pino({ level: 'silent' }),
});
