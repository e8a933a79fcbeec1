import type { RuntimePosture } from '../db/read/runtime.ts';

/** How a workspace runs, as the API and status show it. */
export const runtimeView = ({ permission_mode, window }: RuntimePosture) => ({
  permission_mode,
  debug_level: window?.level ?? 'off',
  debug_until: window?.not_after ?? null,
  debug_window: window?.window_id ?? null,
  debug_ticket: window?.ticket ?? null,
  debug_opened_by: window?.opened_by ?? null,
  debug_since: window?.opened_at ?? null,
  captured: window?.captured ?? null,
  dropped: window?.dropped ?? null,
});
