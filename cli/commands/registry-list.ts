import type { Answer } from '../client.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';
import type { Column } from '../output/table.ts';

interface BundleAnswer {
  name: string;
  version: string;
  digest: string;
  blobs: number;
  bytes: number;
  published_at: string;
  published_by: string;
}

const COLUMNS: Column<BundleAnswer>[] = [
  { head: 'NAME', cell: (b) => b.name },
  { head: 'VERSION', cell: (b) => b.version },
  { head: 'DIGEST', cell: (b) => b.digest },
  { head: 'BLOBS', cell: (b) => b.blobs },
  { head: 'BYTES', cell: (b) => b.bytes },
  { head: 'PUBLISHED', cell: (b) => b.published_at },
  { head: 'BY', cell: (b) => b.published_by },
];

export const command = defineCommand({
  name: 'registry list',
  about: 'List the published bundles by name and version',
  flags: { name: { kind: 'text', about: 'only the versions of this one' } },
  run: async ({ flags: { name } }, { client, out }) => {
    const listed: BundleAnswer[] = [];
    let page: Answer<BundleAnswer[]> = await client.get('/v1/registry/bundles', { query: { name } });
    listed.push(...page.body);
    while (page.next !== undefined) {
      page = await withProgress(out.progress, `listing, ${listed.length} so far`, client.get(page.next));
      listed.push(...page.body);
    }
    out.answer(listed, () => out.table(listed, COLUMNS, 'no bundles'));
    return EXIT.done;
  },
});
