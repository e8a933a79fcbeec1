import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { SlotClass } from '../../domain/secret/slot.ts';
import { wrappingKeyId } from '../secrets/envelope.ts';
import type { secretVersions } from '../schema/secrets.ts';

/** A slot as its readers see it: everything but the value. */
export interface SlotView {
  slot: string;
  kind: string;
  class: SlotClass;
  version: number;
  previous_version: number | null;
  staged_version: number | null;
  /** Since when somebody outside has read the current value; null until then, and again after a rotation. */
  exposed_since: string | null;
  master_key_id: string | null;
  created_at: string;
  updated_at: string;
  leases_ended_at: string | null;
}

export type VersionView = Pick<
  typeof secretVersions.$inferSelect,
  'version' | 'created_at' | 'exposed_since' | 'rolled_back_to' | 'destroyed_at' | 'actor'
>;

/** How many versions of a slot are shown, the newest first. */
export const VERSIONS_SHOWN = 100;

const SELECT = `SELECT s.slot, s.kind, s.class, s.current_version AS version, s.previous_version, s.staged_version, v.exposed_since, s.wrapped_key, s.created_at, s.updated_at,
    s.epoch_at AS leases_ended_at
  FROM secret_slots s LEFT JOIN secret_versions v ON v.workspace_id = s.workspace_id AND v.slot = s.slot AND v.version = s.current_version`;

type Row = Omit<SlotView, 'master_key_id'> & { wrapped_key: string };

const view = ({ wrapped_key, ...row }: Row): SlotView => ({
  ...row,
  master_key_id: wrappingKeyId(wrapped_key) ?? null,
});

/** The statement of `listSlots`. */
export const slotListQuery = ({
  workspace_id,
  limit,
  after,
}: {
  workspace_id: string;
  limit: number;
  after?: string;
}) => ({
  text: `${SELECT} WHERE s.workspace_id = $1 AND s.slot > $2 ORDER BY s.slot LIMIT $3`,
  values: [workspace_id, after ?? '', limit + 1],
});

/** Slots by name. `next` is the name behind which the next page begins. */
export async function listSlots(db: Queryable, page: { workspace_id: string; limit: number; after?: string }) {
  const { text, values } = slotListQuery(page);
  const found = await rows<Row>(db, text, values);
  const items = found.slice(0, page.limit).map(view);
  return { items, next: found.length > page.limit ? (items.at(-1)?.slot ?? null) : null };
}

/** One slot with its newest versions; undefined when there is none. */
export async function showSlot(
  db: Queryable,
  workspace_id: string,
  slot: string,
): Promise<(SlotView & { versions: VersionView[] }) | undefined> {
  const row = await one<Row>(db, `${SELECT} WHERE s.workspace_id = $1 AND s.slot = $2`, [workspace_id, slot]);
  if (row === undefined) return undefined;
  const versions = await rows<VersionView>(
    db,
    `SELECT version, created_at, exposed_since, rolled_back_to, destroyed_at, actor FROM secret_versions
      WHERE workspace_id = $1 AND slot = $2 ORDER BY version DESC LIMIT ${VERSIONS_SHOWN}`,
    [workspace_id, slot],
  );
  return { ...view(row), versions };
}
