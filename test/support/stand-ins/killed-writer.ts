import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';

/** Ends without a word after the blob was written and before it has its name. */
const [root = '', key = ''] = process.argv.slice(2);
const blobs = new FilesystemBlobs(root, {
  link: () => {
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  },
});
await blobs.put(key, Buffer.alloc(1 << 20, 7));
