import type { Database } from '../../db/client.ts';
import { createDataKey, sealSecret } from '../../db/secrets/envelope.ts';
import type { NamedKey } from '../../db/secrets/envelope.ts';
import { OPERATOR } from './record.ts';

const CHUNK = 5_000;

export const seededSlot = (i: number): string => `seeded.${String(i).padStart(7, '0')}`;
export const seededValue = (i: number): string => `value ${i}`;

/** `control` slots, each with one version, written past the commands: so many of them in a second, not in minutes. */
export async function seedSlots(db: Database, master: NamedKey, count: number): Promise<void> {
  const { workspace_id, actor } = OPERATOR;
  for (let from = 0; from < count; from += CHUNK) {
    const slots = Array.from({ length: Math.min(CHUNK, count - from) }, (_, i) => {
      const at = { workspace_id, slot: seededSlot(from + i) };
      const { data, wrapped } = createDataKey(master, at);
      return { slot: at.slot, wrapped, envelope: sealSecret(data, at, 1, Buffer.from(seededValue(from + i))) };
    });
    const names = slots.map(({ slot }) => slot);
    await db.query(
      `INSERT INTO secret_slots (workspace_id, slot, kind, class, wrapped_key, current_version, created_at, updated_at, actor)
        SELECT $1, slot, 'generic', 'control', wrapped, 1, now(), now(), $2 FROM unnest($3::text[], $4::text[]) AS u(slot, wrapped)`,
      [workspace_id, actor, names, slots.map(({ wrapped }) => wrapped)],
    );
    await db.query(
      `INSERT INTO secret_versions (workspace_id, slot, version, envelope, created_at, actor)
        SELECT $1, slot, 1, envelope, now(), $2 FROM unnest($3::text[], $4::text[]) AS u(slot, envelope)`,
      [workspace_id, actor, names, slots.map(({ envelope }) => envelope)],
    );
  }
}

/** How many slots each key wraps. */
export async function wrappedBy(db: Database): Promise<Record<string, number>> {
  const { rows } = await db.query<{ id: string; count: number }>(
    `SELECT split_part(wrapped_key, '.', 3) AS id, count(*)::int4 AS count FROM secret_slots GROUP BY 1`,
  );
  return Object.fromEntries(rows.map(({ id, count }) => [id, count]));
}
