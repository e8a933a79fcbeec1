import { LIST_LIMIT } from './parameters.ts';
import { rows, one } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { rotations, rotationSteps } from '../schema/rotations.ts';
import type { Page } from './list-incidents.ts';

export type RotationRecord = typeof rotations.$inferSelect;
export type RotationStepRow = typeof rotationSteps.$inferSelect;

/** The last rotation of a page; the next page starts behind it. */
export interface RotationPosition {
  created_at: string;
  id: string;
}

/** Rotations of a workspace, newest first. */
export async function listRotations(
  db: Queryable,
  { workspace_id, limit, after }: { workspace_id: string; limit: number; after?: RotationPosition },
): Promise<Page<RotationRecord, RotationPosition>> {
  const found = await rows<RotationRecord>(
    db,
    `SELECT * FROM rotations WHERE workspace_id = $1
        AND ($2::timestamptz IS NULL OR (created_at, rotation_id) < ($2::timestamptz, $3::text))
      ORDER BY created_at DESC, rotation_id DESC LIMIT $4`,
    [workspace_id, after?.created_at ?? null, after?.id ?? null, limit + 1],
  );
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const more = found.length > limit && last !== undefined;
  return { items, next: more ? { created_at: last.created_at, id: last.rotation_id } : null };
}

export interface RotationWithSteps extends RotationRecord {
  /** The latest ones, in their order. */
  steps: RotationStepRow[];
}

/** A rotation and what its steps came to. Undefined: there is none of this id in the workspace. */
export async function getRotation(
  db: Queryable,
  workspace_id: string,
  rotation_id: string,
): Promise<RotationWithSteps | undefined> {
  const key = [workspace_id, rotation_id];
  const record = await one<RotationRecord>(
    db,
    'SELECT * FROM rotations WHERE workspace_id = $1 AND rotation_id = $2',
    key,
  );
  if (record === undefined) return undefined;
  const latest = await rows<RotationStepRow>(
    db,
    `SELECT * FROM rotation_steps WHERE workspace_id = $1 AND rotation_id = $2 ORDER BY version DESC LIMIT ${LIST_LIMIT}`,
    key,
  );
  return { ...record, steps: latest.reverse() };
}
