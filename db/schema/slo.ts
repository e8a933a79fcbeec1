import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Limit, Signal, SignalLevel } from '../../domain/slo/thresholds.ts';
import { authorship, instant } from './columns.ts';

/** What limiters refused, by minute of the database's clock: kept for a day, and never a row for a request. */
export const limitRefusals = pgTable(
  'limit_refusals',
  {
    workspace_id: text().notNull(),
    signal: text().$type<Limit>().notNull(),
    minute: instant().notNull(),
    n: integer().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.signal, t.minute] }),
    index('limit_refusals_age').on(t.minute),
    check('limit_refusals_n', sql`${t.n} > 0`),
  ],
);

/** The level of each signal as it was last judged. */
export const sloSignals = pgTable(
  'slo_signals',
  {
    workspace_id: text().notNull(),
    signal: text().$type<Signal>().notNull(),
    level: text().$type<SignalLevel>().notNull(),
    since: instant(),
    judged_at: instant().notNull(),
    version: integer().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.signal] }),
    check(
      'slo_signals_level',
      sql`${t.level} IN ('ok', 'warn', 'page') AND (${t.level} = 'ok') = (${t.since} IS NULL)`,
    ),
  ],
);
