import { endOf, segmentsBetween } from '../../domain/ledger/position.ts';
import type { EpochSize, LogPosition } from '../../domain/ledger/position.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';
import { listEvents } from './events.ts';
import type { LogEvent } from './events.ts';
import type { Page } from './list-incidents.ts';

export interface TimelineEntry extends LogEvent {
  epoch: number;
}

/** The entries about a topic from a place on, in the order of the log: what was listed once is never listed otherwise. */
export async function topicTimeline(
  db: Queryable,
  { workspace_id, topic, from, limit }: { workspace_id: string; topic: string; from: LogPosition; limit: number },
  epochs: readonly EpochSize[],
): Promise<Page<TimelineEntry, LogPosition>> {
  const workspaces = visibleWorkspaces(workspace_id);
  const found: TimelineEntry[] = [];
  for (const segment of segmentsBetween(from, endOf(epochs), epochs)) {
    const events = await listEvents(db, { workspaces, topic, segment, limit: limit + 1 - found.length });
    found.push(...events.map((event) => ({ ...event, epoch: segment.epoch })));
    if (found.length > limit) break;
  }
  const next = found[limit];
  return { items: found.slice(0, limit), next: next === undefined ? null : { epoch: next.epoch, index: next.index } };
}
