import { rows } from '../../db/client.ts';
import type { Database } from '../../db/client.ts';

/** Every row that belongs to a workspace, but for the log's own index, which its sequencer writes. */
export async function everythingOf(db: Database, workspace: string): Promise<string> {
  const tables = await rows<{ table_name: string }>(
    db,
    `SELECT table_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
      WHERE table_schema = 'public' AND column_name = 'workspace_id' AND table_type = 'BASE TABLE'
        AND table_name NOT LIKE 'log\\_%' ORDER BY table_name`,
  );
  if (tables.length < 15) throw new Error('most tables are missing');
  const digests = tables.map(async ({ table_name }) => {
    const [found] = await rows<{ all: string }>(
      db,
      `SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') AS all FROM "${table_name}" t WHERE workspace_id = $1`,
      [workspace],
    );
    return `${table_name}\n${found?.all ?? ''}`;
  });
  return (await Promise.all(digests)).join('\n\n');
}
