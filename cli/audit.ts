import type { AuditAnswer } from './answers.ts';
import type { Sink } from './extract.ts';
import { csvLine } from './output/csv.ts';
import { printableJson } from './output/printable.ts';
import type { Column } from './output/table.ts';

export const AUDIT_COLUMNS: Column<AuditAnswer>[] = [
  { head: 'TIME', cell: (e) => e.ts },
  { head: 'USER', cell: (e) => e.user_id },
  { head: 'FOR', cell: (e) => e.on_behalf_of },
  { head: 'ACTION', cell: (e) => e.action },
  { head: 'TYPE', cell: (e) => e.entity_type },
  { head: 'ENTITY', cell: (e) => e.entity_id },
];

const FIELDS = [
  'ts',
  'user_id',
  'on_behalf_of',
  'action',
  'entity_type',
  'entity_id',
  'workspace_id',
  'id',
] as const satisfies (keyof AuditAnswer)[];

/** Pages of an audit in the order they come. */
export type Pages = AsyncIterable<AuditAnswer[]>;

/** RFC 4180, with a line of names. Returns how many entries it wrote. */
export async function writeCsv(pages: Pages, sink: Sink): Promise<number> {
  let count = 0;
  await sink.write(csvLine(FIELDS));
  for await (const page of pages) {
    await sink.write(page.map((event) => csvLine(FIELDS.map((name) => event[name]))).join(''));
    count += page.length;
  }
  return count;
}

/** One JSON array. Returns how many entries it wrote. */
export async function writeJson(pages: Pages, sink: Sink): Promise<number> {
  let count = 0;
  await sink.write('[');
  for await (const page of pages) {
    // The lines of the page without the brackets around them.
    const lines = page.length === 0 ? '' : printableJson(page).slice(1, -2);
    await sink.write(count > 0 && page.length > 0 ? `,${lines}` : lines);
    count += page.length;
  }
  await sink.write(count === 0 ? ']\n' : '\n]\n');
  return count;
}
