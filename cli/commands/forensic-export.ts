import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { nameFor, refuseExisting, saveBundle } from '../forensic/save-bundle.ts';
import { withProgress } from '../output/progress.ts';

export const command = defineCommand({
  name: 'forensic export',
  about: 'Save a signed bundle of all incidents, audit entries and the state of the system',
  notes:
    'Writes forensic-bundle-YYYYMMDD-HHMMSS.json, or FILE, and its SHA-256 beside it in a file of the same name with .sha256.\nNothing that is there is replaced. Needs the role security_owner; the export is on record.',
  flags: { out: { kind: 'text', value: 'FILE', about: 'where to write the bundle' } },
  run: async ({ flags }, { client, out }) => {
    if (flags.out !== undefined) await refuseExisting(flags.out);
    const part = { done: 0, of: 0 };
    const save = async () => {
      const download = await client.download('/api/v1/forensic/export');
      part.of = download.length ?? 0;
      return saveBundle(download, flags.out ?? nameFor(download), (bytes) => (part.done = bytes));
    };
    const saved = await withProgress(out.progress, 'forensic bundle', save(), () => (part.of > 0 ? part : undefined));
    out.answer(saved, () => out.facts(Object.entries(saved) as [string, string | number][]));
    return EXIT.done;
  },
});
