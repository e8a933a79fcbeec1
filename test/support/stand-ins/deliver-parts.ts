// Delivers a file to a folder of exports and stops for ever in the midst of it, as a process does that is about to be killed.
// Arguments: the folder, the file, the key, and how many parts are to be there. Writes the handle when they are.
import { createReadStream, statSync } from 'node:fs';
import { send } from '../../../activities/exports/deliver.ts';
import { PART_BYTES } from '../../../domain/export/part.ts';
import { FileDestination } from '../../../storage/file-destination.ts';

const [root = '', file = '', key = '', parts = ''] = process.argv.slice(2);
let kept = '';
const kill = setInterval(() => undefined, 1_000);
await send(
  { destination: new FileDestination(root), key, handle: null },
  {
    archive: { bytes: statSync(file).size, read: () => createReadStream(file) },
    airlock: async () => 'open',
    keepHandle: async (handle) => void (kept = handle),
    progress: (sent) => {
      if (sent < Number(parts) * PART_BYTES) return;
      process.stdout.write(`${kept}\n`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    },
    signal: new AbortController().signal,
  },
);
clearInterval(kill);
