import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { debugCaptures } from '../schema/runtime.ts';
import type { Page } from './list-incidents.ts';

export type CaptureSummary = Omit<typeof debugCaptures.$inferSelect, 'workspace_id' | 'envelope' | 'on_behalf_of'>;

export interface CapturePosition {
  created_at: string;
  id: string;
}

const SUMMARY = 'capture_id, window_id, source, at, method, path_template, status, actor, expires_at';

/** What was captured and has not expired, newest first, without any body. */
export async function listCaptures(
  db: Queryable,
  asked: { workspace_id: string; limit: number; window_id?: string; after?: CapturePosition },
): Promise<Page<CaptureSummary, CapturePosition>> {
  const { workspace_id, limit, window_id, after } = asked;
  const of = window_id === undefined ? '' : 'AND window_id = $5';
  const found = await rows<CaptureSummary>(
    db,
    `SELECT ${SUMMARY} FROM debug_captures WHERE workspace_id = $1 AND expires_at > clock_timestamp() ${of}
        AND ($2::timestamptz IS NULL OR (at, capture_id) < ($2::timestamptz, $3::text))
      ORDER BY at DESC, capture_id DESC LIMIT $4`,
    [
      workspace_id,
      after?.created_at ?? null,
      after?.id ?? null,
      limit + 1,
      ...(window_id === undefined ? [] : [window_id]),
    ],
  );
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const more = found.length > limit && last !== undefined;
  return { items, next: more ? { created_at: last.at, id: last.capture_id } : null };
}
