import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';
import { requireDigest } from '../registry/bundle.ts';
import { saveBlob } from '../registry/get-blob.ts';

export const command = defineCommand({
  name: 'registry get',
  about: 'Save a blob of the registry in a new file',
  notes: 'The digest is checked here as well; of a blob that breaks off, or is not what it names, no file is left.',
  operands: { digest: { about: 'sha256:…' } },
  flags: {
    out: { kind: 'text', value: 'FILE', required: true, about: 'where to write it; nothing there is replaced' },
  },
  run: async ({ operands: { digest }, flags: { out: file } }, { client, out }) => {
    const hex = requireDigest(digest);
    const part = { done: 0, of: 0 };
    const save = async () => {
      const download = await client.download(`/v1/registry/blobs/${digest}`);
      part.of = download.length ?? 0;
      return saveBlob(download, hex, file, (bytes) => (part.done = bytes));
    };
    const saved = await withProgress(out.progress, 'getting', save(), () => (part.of > 0 ? part : undefined));
    out.answer(saved, () => out.facts(Object.entries(saved)));
    return EXIT.done;
  },
});
