import type { EpochSize, Segment } from '../../domain/ledger/position.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { Parameters } from './parameters.ts';

/** An entry as streams send it; `leaf` is its JSON. */
export interface LogEvent {
  index: number;
  workspace_id: string;
  action: string;
  object: string;
  leaf: string;
}

/** Every epoch with how far its signed checkpoint reaches, oldest first. */
export async function publishedEpochs(db: Queryable): Promise<EpochSize[]> {
  return rows<EpochSize>(
    db,
    `SELECT epoch, signed_size AS size FROM log_heads WHERE workspace_id = 'system' AND checkpoint IS NOT NULL ORDER BY epoch`,
  );
}

/** The beginning of what has grown, as far as these workspaces see it: one walk of the log for all of them. */
export async function grownEvents(
  db: Queryable,
  { workspaces, segment, limit }: { workspaces: readonly string[]; segment: Segment; limit: number },
): Promise<LogEvent[]> {
  return rows<LogEvent>(
    db,
    `SELECT i.index, i.workspace_id, i.action, i.object, e.leaf FROM (
        SELECT idx AS index, entry_id, workspace_id, action, object FROM log_index
          WHERE epoch = $1 AND idx >= $2 AND idx < $3 AND workspace_id = ANY($4) ORDER BY idx LIMIT $5) AS i
      JOIN ledger_entries e USING (entry_id) ORDER BY i.index`,
    [segment.epoch, segment.from, segment.below, workspaces, limit],
  );
}

/** Which of these topics the entries of a segment mention besides their objects. */
export async function grownMentions(
  db: Queryable,
  { workspaces, topics, segment }: { workspaces: readonly string[]; topics: readonly string[]; segment: Segment },
): Promise<{ index: number; topic: string }[]> {
  return rows(
    db,
    `SELECT idx AS index, topic FROM log_mentions
      WHERE workspace_id = ANY($1) AND topic = ANY($2) AND epoch = $3 AND idx >= $4 AND idx < $5`,
    [workspaces, topics, segment.epoch, segment.from, segment.below],
  );
}

export interface EventQuery {
  workspaces: readonly string[];
  /** Only entries whose object it is, or that mention it. */
  topic?: string | undefined;
  segment: Segment;
  limit: number;
}

/** Entries that these workspaces see, in the order of the log: one walk of an index per workspace. */
export async function listEvents(db: Queryable, query: EventQuery): Promise<LogEvent[]> {
  const { text, values } = eventsQuery(query);
  return rows<LogEvent>(db, text, values);
}

/** The statement of `listEvents`. */
export function eventsQuery({ workspaces, topic, segment, limit }: EventQuery): { text: string; values: unknown[] } {
  const parameters = new Parameters();
  const epoch = parameters.add(segment.epoch, 'int4');
  const range = `epoch = ${epoch} AND idx >= ${parameters.add(segment.from, 'int8')} AND idx < ${parameters.add(segment.below, 'int8')}`;
  const count = parameters.add(limit, 'int4');
  const about = topic === undefined ? undefined : parameters.add(topic, 'text');
  const walk = (table: string, condition: string) =>
    `(SELECT idx FROM ${table} WHERE ${condition} AND ${range} ORDER BY idx LIMIT ${count})`;
  const walks = workspaces.flatMap((id) => {
    const own = `workspace_id = ${parameters.add(id)}`;
    if (about === undefined) return [walk('log_index', own)];
    return [walk('log_index', `${own} AND object = ${about}`), walk('log_mentions', `${own} AND topic = ${about}`)];
  });
  const text = `SELECT i.idx AS index, i.workspace_id, i.action, i.object, e.leaf
    FROM (SELECT idx FROM (${walks.join('\nUNION ')}) AS walked ORDER BY idx LIMIT ${count}) AS page
    JOIN log_index i ON i.epoch = ${epoch} AND i.idx = page.idx JOIN ledger_entries e USING (entry_id) ORDER BY i.idx`;
  return { text, values: parameters.values };
}
