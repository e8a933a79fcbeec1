import { DEFAULT_MODE } from '../../domain/runtime/posture.ts';
import type { PermissionMode } from '../../domain/runtime/posture.ts';
import type { CaptureLevel } from '../../domain/runtime/capture-window.ts';
import { one } from '../client.ts';
import type { Queryable } from '../client.ts';

/** The window that captures at this moment, by the database's clock. */
export interface LiveWindow {
  window_id: string;
  level: CaptureLevel;
  ticket: string | null;
  opened_by: string;
  opened_at: string;
  not_after: string;
  captured: number;
  dropped: number;
}

export interface RuntimePosture {
  permission_mode: PermissionMode;
  /** Null before anybody has set it. */
  version: number | null;
  set_by: string | null;
  window: LiveWindow | null;
}

/** How a workspace runs at present. */
export async function runtimePosture(db: Queryable, workspace_id: string): Promise<RuntimePosture> {
  const [settings, window] = await Promise.all([
    one<{ permission_mode: PermissionMode; version: number; actor: string }>(
      db,
      'SELECT permission_mode, version, actor FROM runtime_settings WHERE workspace_id = $1',
      [workspace_id],
    ),
    liveWindow(db, workspace_id),
  ]);
  return {
    permission_mode: settings?.permission_mode ?? DEFAULT_MODE,
    version: settings?.version ?? null,
    set_by: settings?.actor ?? null,
    window: window ?? null,
  };
}

const liveWindow = (db: Queryable, workspace_id: string): Promise<LiveWindow | undefined> =>
  one<LiveWindow>(
    db,
    `SELECT window_id, level, ticket, actor AS opened_by, opened_at, not_after, captured, dropped FROM capture_windows
      WHERE workspace_id = $1 AND closed_at IS NULL AND not_after > clock_timestamp()`,
    [workspace_id],
  );
