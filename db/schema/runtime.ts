import { sql } from 'drizzle-orm';
import { check, foreignKey, index, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { CaptureLevel, CaptureSource } from '../../domain/runtime/capture-window.ts';
import type { PermissionMode } from '../../domain/runtime/posture.ts';
import { authorship, instant } from './columns.ts';

/** How a workspace runs; one without a row asks. */
export const runtimeSettings = pgTable(
  'runtime_settings',
  {
    workspace_id: text().primaryKey(),
    permission_mode: text().$type<PermissionMode>().notNull(),
    version: integer().notNull(),
    updated_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [check('runtime_settings_mode', sql`${t.permission_mode} IN ('ask', 'dont-ask')`)],
);

/** Since when and until when bodies are captured. The database itself holds that `full` has a ticket and half an hour. */
export const captureWindows = pgTable(
  'capture_windows',
  {
    workspace_id: text().notNull(),
    window_id: text().notNull(),
    level: text().$type<CaptureLevel>().notNull(),
    ticket: text(),
    /** The window's data key under the master key whose id stands in the text. */
    wrapped_key: text().notNull(),
    opened_at: instant().notNull(),
    not_after: instant().notNull(),
    closed_at: instant(),
    close_reason: text().$type<'off' | 'expired'>(),
    captured: integer().notNull().default(0),
    /** Exchanges that there was no room, or no database, to keep. */
    dropped: integer().notNull().default(0),
    version: integer().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.window_id] }),
    uniqueIndex('capture_windows_open')
      .on(t.workspace_id)
      .where(sql`closed_at IS NULL`),
    index('capture_windows_wrapped_by').on(sql`split_part(${t.wrapped_key}, '.', 3)`, t.workspace_id, t.window_id),
    index('capture_windows_list').on(t.workspace_id, t.opened_at, t.window_id),
    check('capture_windows_level', sql`${t.level} IN ('errors', 'full')`),
    check('capture_windows_day', sql`${t.not_after} <= ${t.opened_at} + interval '24 hours'`),
    check(
      'capture_windows_full',
      sql`${t.level} <> 'full' OR (${t.ticket} IS NOT NULL AND ${t.not_after} <= ${t.opened_at} + interval '30 minutes')`,
    ),
    check('capture_windows_key', sql`${t.wrapped_key} LIKE 'interlock-key.v1.%'`),
  ],
);

/** One exchange: what it was in the clear, its redacted bodies in an envelope that opens here and nowhere else. */
export const debugCaptures = pgTable(
  'debug_captures',
  {
    workspace_id: text().notNull(),
    capture_id: text().notNull(),
    window_id: text().notNull(),
    source: text().$type<CaptureSource>().notNull(),
    at: instant().notNull(),
    method: text().notNull(),
    /** The route's own path, or the adapter; never what was asked for by name. */
    path_template: text().notNull(),
    /** Null where there was no answer. */
    status: integer(),
    envelope: text().notNull(),
    expires_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.capture_id] }),
    foreignKey({
      columns: [t.workspace_id, t.window_id],
      foreignColumns: [captureWindows.workspace_id, captureWindows.window_id],
      name: 'debug_captures_window',
    }),
    index('debug_captures_list').on(t.workspace_id, t.at, t.capture_id),
    index('debug_captures_of_window').on(t.workspace_id, t.window_id, t.at, t.capture_id),
    index('debug_captures_expiry').on(t.expires_at),
    check('debug_captures_envelope', sql`${t.envelope} LIKE 'interlock-secret.v1.%'`),
  ],
);
